// Counts down how long a message may still be on its way. Without this file the page says that it can take a minute.

for (const note of document.querySelectorAll('[data-resend]')) {
  const [said, counted] = note.children
  const time = counted.querySelector('b')
  const end = performance.now() + note.dataset.resend * 1000

  const tick = () => {
    const left = Math.ceil((end - performance.now()) / 1000)
    if (left <= 0) {
      note.setAttribute('role', 'status')
      note.textContent = note.dataset.now
      return
    }
    time.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
    setTimeout(tick, (end - performance.now()) % 1000 || 1000)
  }
  said.remove()
  counted.hidden = false
  note.setAttribute('role', 'timer')
  tick()
}
