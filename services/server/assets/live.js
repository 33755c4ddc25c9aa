// Keeps the times on a rider page fresh: asks the server for the same rows again and swaps them in.
// It formats nothing; without it the page is complete and has a reload link.
"use strict";
(function () {
  var EVERY_MS = 15000; // while visible: a page stays near 100 KB an hour
  var CHANGE_MS = 3000; // after the board of a stop says that it changed, at the soonest
  var RETRY_MIN_MS = 1000;
  var RETRY_MAX_MS = 60000;
  var box = document.querySelector("[data-live]");
  if (!box || !window.fetch || !window.URL) return;
  var busy = false;
  var last = Date.now();
  var timer = 0;

  function refresh() {
    if (busy || document.hidden) return;
    busy = true;
    var url = new URL(location.href);
    url.searchParams.set("part", box.dataset.live);
    fetch(url.href, { headers: { accept: "text/html" } })
      .then(function (answer) {
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.text();
      })
      .then(function (html) {
        box.innerHTML = html;
        box.classList.remove("old");
        last = Date.now();
        setClock();
      })
      .catch(function () {
        if (Date.now() - last > 30000) box.classList.add("old");
      })
      .then(function () {
        busy = false;
      });
  }

  function setClock() {
    var read = box.querySelector(".asof time");
    var clock = document.querySelector("[data-part=clock]");
    if (read && clock) clock.textContent = read.textContent.slice(0, 5);
  }

  function soon() {
    if (timer) return;
    timer = setTimeout(function () {
      timer = 0;
      refresh();
    }, Math.max(0, last + CHANGE_MS - Date.now()));
  }

  // The board of one stop tells by itself when it changed.
  function listen(stop, wait) {
    if (!window.WebSocket) return;
    var socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/v1/panel");
    var opened = Date.now();
    socket.onopen = function () {
      socket.send(JSON.stringify({ k: "hello", v: 1, stop: stop, app: "rider" }));
    };
    socket.onmessage = function (message) {
      if (message.data.indexOf('{"k":"d"') === 0) soon();
    };
    socket.onclose = function (end) {
      if (end.code === 4404) return;
      var next = Date.now() - opened > 60000 ? RETRY_MIN_MS : Math.min(wait * 2, RETRY_MAX_MS);
      setTimeout(function () {
        listen(stop, next);
      }, Math.random() * next);
    };
  }

  setInterval(refresh, EVERY_MS);
  document.addEventListener("visibilitychange", refresh);
  window.addEventListener("online", refresh);
  if (box.dataset.stop) listen(box.dataset.stop, RETRY_MIN_MS);
})();
