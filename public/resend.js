// Counts down until a message may be sent again. Without this file the page says how long it was when it was made, and the button answers in words.

for (const note of document.querySelectorAll('[data-resend]')) {
  const button = note.previousElementSibling.querySelector('button')
  const time = note.querySelector('b')
  const end = performance.now() + note.dataset.resend * 1000
  button.disabled = true

  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000)
    if (left <= 0) {
      button.disabled = false
      note.setAttribute('role', 'status')
      note.textContent = note.dataset.now
      return
    }
    time.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
    setTimeout(tick, (end - performance.now()) % 1000 || 1000)
  }
  tick()
}
