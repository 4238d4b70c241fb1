// How long an answer is in the network's own measure, and what the network has against it.

/** Draw the number, and a line for each thing that is wrong. */
export function drawMeasure(count, problems, { used, limit, unit, found }) {
  count.hidden = !limit;
  count.textContent = `${used}/${limit}`;
  count.title = `${used}/${limit} ${unit}`;
  count.classList.toggle("counter-over", used > limit);
  count.classList.toggle("counter-near", used <= limit && used >= limit * 0.9);
  problems.replaceChildren(
    ...found.map((each) => {
      const li = document.createElement("li");
      li.textContent = [each.text, each.fix].filter(Boolean).join(" ");
      return li;
    }),
  );
}
