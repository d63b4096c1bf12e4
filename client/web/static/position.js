// While the switch for the position is on: asks the phone where it is, some minutes apart, and tells the app on this
// phone, which notes it while a visit runs in working time, and else does not. It waits for nothing, and nothing waits for it.
"use strict";
(() => {
  const every = 5 * 60000, key = "position-asked";
  if (!navigator.geolocation) return;
  const tell = (where) => {
    const body = new URLSearchParams({latitude: where.coords.latitude, longitude: where.coords.longitude});
    fetch("/position", {method: "POST", body}).catch(() => {});
  };
  const ask = () => {
    if (document.hidden || Date.now() - Number(sessionStorage.getItem(key)) < every) return;
    sessionStorage.setItem(key, Date.now());
    navigator.geolocation.getCurrentPosition(tell, () => {}, {maximumAge: 60000, timeout: 60000});
  };
  // A page is left with every tap: what was asked a while ago is asked on the next one.
  ask();
  setInterval(ask, 30000);
  document.addEventListener("visibilitychange", ask);
})();
