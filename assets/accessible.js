// What closes gives the focus back to what opened it: the menu of a narrow window and the search field. A classic script, so that it also loads from a disk.
(() => {
  let outside = null;
  addEventListener('focusin', ({ target }) => {
    if (!target.closest('dialog')) outside = target;
  });
  const giveBack = () => {
    if (document.activeElement === document.body && outside?.isConnected) outside.focus();
  };
  addEventListener('DOMContentLoaded', () => {
    for (const dialog of document.querySelectorAll('dialog')) dialog.addEventListener('close', giveBack);
  });

  // A page on a disk may not read the others, from which a search takes its excerpts.
  if (location.protocol === 'file:' && typeof DOCUMENTATION_OPTIONS !== 'undefined') DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  // Code that scrolls is a stop of Tab: the theme sees to that, but not where code is unfolded.
  const letCodeScroll = ({ target }) => {
    for (const code of target.querySelectorAll('pre')) code.tabIndex = code.scrollWidth > code.clientWidth ? 0 : -1;
  };
  addEventListener('toggle', letCodeScroll, true);

  // On paper nothing can be unfolded, and paper is light.
  let folded = [];
  let theme = '';
  addEventListener('beforeprint', () => {
    theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = 'light';
    folded = [...document.querySelectorAll('details:not([open])')];
    for (const each of folded) each.open = true;
  });
  addEventListener('afterprint', () => {
    document.documentElement.dataset.theme = theme;
    for (const each of folded) each.open = false;
  });
})();
