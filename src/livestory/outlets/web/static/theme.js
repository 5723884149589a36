// Before anything is painted, so that the page doesn't flash.
try {
  const theme = localStorage.getItem("livestory-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch { /* storage may be forbidden: the system's theme it is */ }
// A link to another view than the first: the curve of the first is not shown before it.
document.documentElement.toggleAttribute("data-elsewhere", /[#&](of|range|from)=/.test(location.hash));
