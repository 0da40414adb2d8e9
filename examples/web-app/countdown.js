// Counts down the times on the page. Without scripts they stay as they were when the page was made.
const started = Date.now()
const times = document.querySelectorAll('[data-countdown]')

function show() {
  const elapsed = Math.floor((Date.now() - started) / 1000)
  for (const time of times) {
    const seconds = Math.max(0, Number(time.dataset.countdown) - elapsed)
    time.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  }
}

if (times.length > 0) setInterval(show, 1000)
