// The ideas board: cards are dragged, or moved with Alt and the arrows or by their menu (which fingers use), within and
// between the columns that allow it.

import { say } from "./kit/flash.js";
import { closePopup, openPopup } from "./kit/popup.js";
import { fill, NoAnswer, post, reasons, useToken } from "./kit/ask.js";

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
    column.querySelector(".count").textContent = listOf(column).children.length + Number(column.dataset.rest);
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

const columns = () => [...board().querySelectorAll("[data-movable]")];

/** Where a step leads: an element and the side of it, or null where there is nothing. */
function goal(card, step) {
  if (step === "up") return card.previousElementSibling && [card.previousElementSibling, "before"];
  if (step === "down") return card.nextElementSibling && [card.nextElementSibling, "after"];
  const own = card.closest("[data-column]");
  if (step === "first") return card.previousElementSibling && [listOf(own), "prepend"];
  const all = columns();
  const other = all[all.indexOf(own) + { left: -1, right: 1 }[step]] ?? all.find((each) => each.dataset.column === step);
  return other && other !== own ? [listOf(other), "prepend"] : null;
}

/** Move a card a step up, down or to the top of its column, or to the top of another ("left", "right", its state). */
function take(card, step) {
  const found = goal(card, step);
  if (!found) return false;
  const back = place(card);
  const [element, side] = found;
  element[side](card);
  card.querySelector(".idea-text").focus();
  card.scrollIntoView({ block: "nearest" });
  settle(card, back);
  return true;
}

const STEPS = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" };

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.("[data-move]");
  if (!card || !event.altKey || !STEPS[event.key]) return;
  event.preventDefault();
  take(card, STEPS[event.key]);
});

// The menu of a card: one for all of them.
const menu = document.getElementById("idea-menu");
let chosen = null;
const stepOf = (item) => item.dataset.to ?? item.dataset.step;

document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".idea-more");
  if (!button) return;
  chosen = button.closest("[data-move]");
  for (const item of menu.querySelectorAll("[role=menuitem]")) item.hidden = !goal(chosen, stepOf(item));
  openPopup(menu, button);
});

menu?.addEventListener("click", (event) => {
  const item = event.target.closest("[role=menuitem]");
  if (!item) return;
  closePopup(menu);
  take(chosen, stepOf(item));
});

if (board()?.dataset.csrf) useToken(board().dataset.csrf);
