// What a rule drafted: it stands in the box where nothing else did, and is offered beside one's own words.

export function drawDraft(box) {
  const offer = box.querySelector('[data-do="use-draft"]');
  if (offer) offer.hidden = box.notesOnly || box.state.text.includes(box.dataset.draft ?? "");
}

export function useDraft(box, button) {
  box.begin("reply");
  box.insert(box.dataset.draft);
  button.hidden = true;
}

/** Here; the press itself goes on to the server. */
export function dropDraft(box) {
  if (box.state.text === box.dataset.draft) {
    box.state.text = "";
    box.keep();
    box.draw();
  }
  delete box.dataset.draft;
  box.querySelector(".reply-draft").hidden = true;
}
