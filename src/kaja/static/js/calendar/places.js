// Wall-clock times of the workspace as the page writes them ("2026-11-27T09:00"), what they are called, and what is
// wrong with them. The browser's own zone plays no part.

import { fill } from "../kit/ask.js";
import { writeMoment } from "../dates/write.js";

export const facts = JSON.parse(document.getElementById("calendar-facts").textContent);
export const words = JSON.parse(document.getElementById("calendar-words").textContent);

const transitions = new Map(facts.transitions.map((each) => [each.at, each]));
const clock = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: facts.zone });

/** The present moment in the workspace's zone. */
export const now = () => clock.format(new Date()).replace(" ", "T");

const toDate = (at) => new Date(`${at}:00Z`);
const toWall = (date) => date.toISOString().slice(0, 16);

/** The time `minutes` later on the wall clock. */
export const later = (at, minutes) => toWall(new Date(toDate(at).getTime() + minutes * 60e3));

/** The same time on another day. */
export const onDay = (at, day) => `${day}T${at.slice(11)}`;

/** "Fri 27 Nov, 09:00", as every page writes it. */
export const name = (at) => writeMoment(at, facts.dates);

/** What a person should know about putting the card there: `text`, and whether it is refused. */
export function judge(card, at) {
  if (at === card.dataset.at) return { text: words.same, refused: false };
  if (at <= now()) return { text: words.past, refused: true };
  const notes = [];
  const step = transitions.get(at);
  if (step) notes.push(fill(words[step.kind], { time: step.really }));
  const mine = card.dataset.channels.split(" ").filter(Boolean);
  const really = step?.kind === "skipped" ? onDay(`${at.slice(0, 11)}${step.really}`, at.slice(0, 10)) : at;
  const clash = [...document.querySelectorAll(`[data-post][data-at="${really}"]`)].some(
    (other) => other.dataset.post !== card.dataset.post && !other.classList.contains("ghost")
      && other.dataset.channels.split(" ").some((channel) => mine.includes(channel)),
  );
  if (clash) notes.push(words.conflict);
  return { text: notes.join(" "), refused: false };
}

/** The place under a point for a card: the element to mark, and the time. Null outside the calendar. */
export function placeAt(card, x, y) {
  for (const element of document.elementsFromPoint(x, y)) {
    const slot = element.closest("[data-slot]");
    if (slot) return { mark: slot, at: slot.dataset.slot };
    const place = element.closest("[data-grid] [data-at]:not([data-post])");
    if (!place) continue;
    if (place.dataset.at.length === 10) return { mark: place, at: onDay(card.dataset.at, place.dataset.at) };
    const box = place.getBoundingClientRect();
    const quarter = Math.min(3, Math.max(0, Math.floor(((y - box.top) / box.height) * 4)));
    return { mark: place, at: later(place.dataset.at, quarter * 15) };
  }
  return null;
}

/** The place that holds a time, or null when it is not on the page. */
export function placeOf(at) {
  const day = at.slice(0, 10);
  return document.querySelector(`[data-grid] .cell[data-at="${day}T${at.slice(11, 13)}:00"]`)
    ?? document.querySelector(`[data-grid] .month-day[data-at="${day}"]`);
}
