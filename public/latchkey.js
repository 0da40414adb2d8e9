// Comfort only: every page works without this file.

// Show what is typed into a password field.
for (const button of document.querySelectorAll('[data-reveal]')) {
  const input = document.getElementById(button.dataset.reveal)
  const pieces = [...button.children]
  const whileHidden = pieces.map((piece) => piece.textContent)
  const whileShown = [button.dataset.other, button.dataset.otherNamed]
  button.hidden = false
  const show = (shown) => {
    input.type = shown ? 'text' : 'password'
    pieces.forEach((piece, at) => {
      piece.textContent = (shown ? whileShown : whileHidden)[at]
    })
  }
  button.addEventListener('click', () => show(input.type === 'password'))
  // A browser offers to save what leaves as a password, not as text.
  input.form?.addEventListener('submit', () => show(false))
}

// Copy what is meant to be copied. Browsers offer it on https and localhost.
for (const button of navigator.clipboard ? document.querySelectorAll('[data-copy]') : []) {
  const word = button.firstChild
  const before = word.data
  button.hidden = false
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent)
    word.data = button.dataset.copied
    setTimeout(() => {
      word.data = before
    }, 2000)
  })
}

// A search field that hides what does not fit while one types; sent, the form does the same.
for (const input of document.querySelectorAll('[data-filter]')) {
  const list = document.getElementById(input.dataset.filter)
  const none = document.getElementById(`${input.dataset.filter}-none`)
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\s+/)
    let left = 0
    for (const each of list.children) {
      each.hidden = !words.every((word) => each.dataset.words.toLowerCase().includes(word))
      if (!each.hidden) left++
    }
    none.hidden = left > 0
  })
}

// One click, one request.
for (const form of document.forms) {
  form.addEventListener('submit', (event) => {
    // Disabled at once, the pressed button would not be part of what is sent.
    setTimeout(() => {
      for (const button of form.querySelectorAll('button[type=submit]')) button.disabled = true
      event.submitter?.setAttribute('aria-busy', 'true')
    })
  })
}

// Back from the cache of the browser: the buttons work again.
addEventListener('pageshow', (event) => {
  if (!event.persisted) return
  for (const button of document.querySelectorAll('button[type=submit]')) {
    button.disabled = false
    button.removeAttribute('aria-busy')
  }
})
