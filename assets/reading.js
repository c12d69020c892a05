// Sets the mathematics of a page without holding up the reader. A classic script, so that it also loads from a disk.
(() => {
  if (!globalThis.MathJax) return;
  const MATHEMATICS = '.math, .output_area, .tex2jax_process, .mathjax_process';
  const TOGETHER = 8; // formulas set before the reader has a turn

  const pause = () => globalThis.scheduler?.yield?.() ?? new Promise((done) => setTimeout(done));
  const outermost = (element) => !element.parentElement.closest(MATHEMATICS);

  // What scrolls is reached by Tab; what does not is no stop.
  const letEquationsScroll = () => {
    const boxes = [...document.querySelectorAll('mjx-container[display="true"], div.math')];
    const wide = boxes.map((box) => box.scrollWidth > box.clientWidth + 1);
    boxes.forEach((box, place) => {
      if (wide[place]) box.tabIndex = 0;
      else box.removeAttribute('tabindex');
    });
  };

  const setFormulas = async () => {
    const formulas = [...document.querySelectorAll(MATHEMATICS)].filter(outermost);
    const places = formulas.map((formula) => formula.getBoundingClientRect());
    const inView = (_, number) => places[number].bottom > 0 && places[number].top < innerHeight;
    await MathJax.typesetPromise(formulas.filter(inView)); // at once: the text that is being read moves one time
    const rest = formulas.filter((each, number) => !inView(each, number));
    while (rest.length) {
      await pause();
      await MathJax.typesetPromise(rest.splice(0, TOGETHER)); // each call measures the page, so not one by one
    }
    letEquationsScroll();
  };

  MathJax.loader = { load: ['core', 'input/tex', 'output/chtml', 'a11y/assistive-mml'] };
  MathJax.startup = { pageReady: setFormulas };
  let waiting = 0;
  addEventListener('resize', () => {
    clearTimeout(waiting);
    waiting = setTimeout(letEquationsScroll, 250); // the theme's side bars have come or gone by then
  });
})();
