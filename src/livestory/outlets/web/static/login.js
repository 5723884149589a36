// A link from elsewhere arrives without the session's cookie, which is same-site only; asked from here, it is sent.
const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
document.getElementById("plain").hidden = location.protocol === "https:" || loopback;
fetch("api/stories").then((answer) => {
  if (answer.ok) location.replace(`./${location.search}${location.hash}`);
}, () => undefined);
