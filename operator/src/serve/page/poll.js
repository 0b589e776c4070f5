// Looks again and again, while somebody sees the page, and less often where that fails.

const SLOWEST = 60_000;

/** Calls `look` every so many milliseconds. It is given up with `stop`, and hurried with `now`. */
export function poll(milliseconds, look, failed) {
  let timer;
  let failures = 0;
  let running = false;
  let stopped = false;
  async function turn() {
    clearTimeout(timer);
    if (running || stopped) return;
    running = true;
    let wait = milliseconds;
    try {
      await look();
      failures = 0;
    } catch (problem) {
      failures += 1;
      const slower = milliseconds * 2 ** failures;
      wait = Math.max(Math.min(slower, SLOWEST), (problem.retryAfter || 0) * 1000);
      if (!stopped) failed(problem);
    }
    running = false;
    if (!stopped && !document.hidden) timer = setTimeout(turn, wait);
  }
  function seen() {
    if (document.hidden) clearTimeout(timer);
    else turn();
  }
  document.addEventListener("visibilitychange", seen);
  turn();
  return {
    now: turn,
    stop() {
      stopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    },
  };
}
