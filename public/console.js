// Comfort only: every page of the console works without this file.

const nav = document.getElementById('console-nav')
const current = nav?.querySelector('[aria-current]')
// The navigation may be longer than the window: what is current is in sight.
if (current && current.offsetTop + current.offsetHeight > nav.clientHeight)
  nav.scrollTop = current.offsetTop - nav.clientHeight / 2

// What an address names is unfolded: not every browser does it.
const unfold = () => {
  const named = document.getElementById(location.hash.slice(1))
  const folded = named?.closest('details:not([open])')
  if (!folded) return
  folded.open = true
  named.scrollIntoView()
}
unfold()
addEventListener('hashchange', unfold)

// Ctrl or ⌘ and K: to the search of the console.
const search = document.getElementById('console-search')
for (const hint of document.querySelectorAll('[data-shortcut]')) {
  hint.textContent = /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘K' : 'Ctrl K'
  hint.hidden = false
}
addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return
  if (event.shiftKey || event.altKey || event.isComposing) return
  event.preventDefault()
  const field = [document.getElementById('q'), search].find((each) => each?.checkVisibility())
  if (field) {
    field.focus()
    field.select()
  } else location.assign('/admin/search')
})

// Set-up: whether the discovery document comes from the public address, asked from here.
const asked = document.querySelector('[data-discovery]')
if (asked) {
  const say = (text, good) => {
    asked.textContent = text
    asked.className = good ? 'notice' : 'alert'
    asked.hidden = false
  }
  fetch(asked.dataset.discovery, {
    cache: 'no-store',
    credentials: 'omit',
    signal: AbortSignal.timeout(10_000),
  })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`))))
    .then(
      ({ issuer }) =>
        issuer === asked.dataset.issuer
          ? say(asked.dataset.read, true)
          : say(asked.dataset.other.replace('%s', () => issuer)),
      (error) => say(asked.dataset.unread.replace('%s', () => error.message)),
    )
}
