// The page without network: it goes on by itself when the network is back.

const onwards = () => {
  if (location.pathname === "/offline") location.replace("/");
  else location.reload();
};

document.getElementById("again").addEventListener("click", onwards);
window.addEventListener("online", onwards);
