// Says while a new password is typed whether it would be taken, and why not. The server judges it, by the rules of the moment it is stored.

/** Milliseconds after the last key. */
const PAUSE = 250

for (const box of document.querySelectorAll('[data-strength]')) {
  const input = document.getElementById(box.dataset.of)
  const meter = box.querySelector('meter')
  const words = box.querySelector('[role=status]')
  let pause
  let asked

  const show = (level, text) => {
    meter.value = level
    words.textContent = text
  }

  /** What the form says of the person beside it; never another password. */
  const beside = () =>
    [...input.form.elements].filter(
      ({ type, name, autocomplete }) =>
        (type === 'text' || type === 'email') && name && !autocomplete.includes('password'),
    )

  const ask = async () => {
    asked = new AbortController()
    const body = new URLSearchParams([
      ...beside().map(({ name, value }) => [name, value]),
      ['of', box.dataset.strength],
      ['password', input.value],
      ['csrf_token', input.form.elements.csrf_token.value],
    ])
    try {
      const answer = await fetch('/password-strength', {
        method: 'POST',
        headers: { accept: 'text/html' },
        body,
        signal: asked.signal,
      })
      const { level, words } = answer.status === 200 ? await answer.json() : { level: 0, words: '' }
      show(level, words)
    } catch (error) {
      // A newer one is asked for, or there is no network: saving says it.
      if (error.name !== 'AbortError') show(0, '')
    }
  }

  input.form.addEventListener('input', ({ target }) => {
    clearTimeout(pause)
    asked?.abort()
    if (input.value === '') show(0, '')
    else if (target === input || beside().includes(target)) pause = setTimeout(ask, PAUSE)
  })
}
