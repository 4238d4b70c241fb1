// The ideas board: cards are dragged, or moved with Alt and the arrows, within and between the columns that allow it.

import { say } from "./flash.js";
import { fill, NoAnswer, post, reasons, useToken } from "./composer/ask.js";

const board = () => document.getElementById("board");
const said = document.getElementById("board-said");
let dragged = null;
let from = null;

const listOf = (column) => column.querySelector(".cards");

async function settle(card, back) {
  const column = card.closest("[data-column]");
  const number = [...card.parentElement.children].indexOf(card) + 1;
  const root = board();
  count();
  let refused = root.dataset.failed;
  try {
    const { status, data } = await post(card.dataset.move, {
      state: column.dataset.column,
      after: card.previousElementSibling?.dataset.card ?? null,
    });
    if (status === 200) {
      said.textContent = fill(root.dataset.moved, { column: column.dataset.title, number });
      return;
    }
    refused = reasons(data) || refused;
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
  }
  back();
  count();
  say(refused, "needs");
}

function count() {
  for (const column of board().querySelectorAll("[data-column]")) {
    column.querySelector(".count").textContent = listOf(column).children.length;
    const empty = column.querySelector(".column-empty");
    if (empty) empty.hidden = listOf(column).children.length > 0;
  }
}

/** Remember where a card stands; the result puts it back. */
function place(card) {
  const list = card.parentElement;
  const next = card.nextElementSibling;
  return () => list.insertBefore(card, next);
}

/** The card that a dragged one would stand before, or null for the end. */
function cardBelow(list, y) {
  return [...list.children].find((card) => {
    if (card === dragged) return false;
    const box = card.getBoundingClientRect();
    return y < box.top + box.height / 2;
  }) ?? null;
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-move]") ?? null;
  if (!dragged) return;
  from = place(dragged);
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.querySelector(".idea-text").textContent);
  dragged.classList.add("idea-dragged");
});

document.addEventListener("dragover", (event) => {
  const column = event.target.closest?.("[data-movable]");
  if (!dragged || !column) return;
  event.preventDefault();
  const list = listOf(column);
  list.insertBefore(dragged, cardBelow(list, event.clientY));
});

document.addEventListener("drop", (event) => {
  if (!dragged || !event.target.closest?.("[data-movable]")) return;
  event.preventDefault();
  dragged.classList.remove("idea-dragged");
  const card = dragged;
  dragged = null;
  settle(card, from);
});

document.addEventListener("dragend", () => {
  if (!dragged) return;
  dragged.classList.remove("idea-dragged");
  dragged = null;
  from();
});

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.("[data-move]");
  if (!card || !event.altKey || !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  const back = place(card);
  const column = card.closest("[data-column]");
  if (event.key === "ArrowUp" && card.previousElementSibling) card.previousElementSibling.before(card);
  else if (event.key === "ArrowDown" && card.nextElementSibling) card.nextElementSibling.after(card);
  else if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    const columns = [...board().querySelectorAll("[data-movable]")];
    const other = columns[columns.indexOf(column) + (event.key === "ArrowLeft" ? -1 : 1)];
    if (!other) return;
    listOf(other).prepend(card);
  } else return;
  card.querySelector(".idea-text").focus();
  card.scrollIntoView({ block: "nearest" });
  settle(card, back);
});

if (board()?.dataset.csrf) useToken(board().dataset.csrf);
