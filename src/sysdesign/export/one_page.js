// After element.js, spelling.js and search.js, in one script: a file from disk can load no other.
bring(JSON.parse(document.getElementById("search-files").textContent));
const here = location.href.split("#")[0];
attach(document.querySelector("form.search"), here);
document.addEventListener("keydown", (event) => {
  const box = document.querySelector(".search input");
  const typing = /^(input|textarea|select)$/i.test(document.activeElement?.tagName ?? "");
  if ((event.key === "/" && !typing) || (event.key === "k" && (event.ctrlKey || event.metaKey))) { event.preventDefault(); box.focus(); box.select(); }
});
document.querySelector("form.search").addEventListener("submit", (event) => event.preventDefault());
