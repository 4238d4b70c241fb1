// On a narrow screen a strip of tabs scrolls sideways: the open one is brought to its middle, so that both neighbours
// show that there is more.
for (const tab of document.querySelectorAll('.tabs [aria-current="page"]')) {
  const strip = tab.closest(".tabs");
  strip.scrollLeft = tab.offsetLeft - strip.offsetLeft - (strip.clientWidth - tab.offsetWidth) / 2;
}
