// Passkeys (WebAuthn). A form marked with data-passkey holds the options that the server made; the browser's answer goes into its field
// `credential`, and the form is sent. Pages say in <noscript> what is missing without this file.

const MINUTE = 60_000
/** How long options are used; the server takes an answer for five minutes. */
const FRESH = 4 * MINUTE

const bytesOf = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) =>
    character.charCodeAt(0),
  )
const textOf = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

const withId = (descriptor) => ({ ...descriptor, id: bytesOf(descriptor.id) })

/** The options as the browser takes them; older browsers do not read JSON. */
function readOptions(act, json) {
  if (act === 'create')
    return PublicKeyCredential.parseCreationOptionsFromJSON
      ? PublicKeyCredential.parseCreationOptionsFromJSON(json)
      : {
          ...json,
          challenge: bytesOf(json.challenge),
          user: withId(json.user),
          excludeCredentials: json.excludeCredentials.map(withId),
        }
  return PublicKeyCredential.parseRequestOptionsFromJSON
    ? PublicKeyCredential.parseRequestOptionsFromJSON(json)
    : {
        ...json,
        challenge: bytesOf(json.challenge),
        allowCredentials: json.allowCredentials.map(withId),
      }
}

/** The answer in JSON, also of older browsers, and of password managers that put themselves in their place. */
function inJson(credential) {
  try {
    return JSON.stringify(credential.toJSON())
  } catch {
    const { response } = credential
    const parts = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']
    const present = parts.filter((part) => response[part])
    return JSON.stringify({
      id: credential.id,
      rawId: textOf(credential.rawId),
      type: credential.type,
      response: {
        ...Object.fromEntries(present.map((part) => [part, textOf(response[part])])),
        ...(response.getTransports && { transports: response.getTransports() }),
      },
    })
  }
}

const loadedAt = Date.now()

/** What the browser waits with, offering passkeys in the user name field. Only one request can be under way. */
let autofill

for (const form of document.querySelectorAll('form[data-passkey]')) {
  const act = form.dataset.passkey
  const button = form.querySelector('button')
  let options = JSON.parse(form.dataset.options)
  let madeAt = loadedAt

  const say = (what) => {
    for (const text of form.querySelectorAll('[data-said]')) text.hidden = text.dataset.said !== what
  }

  /** New options, in JSON or in the same form of a page. Undefined: there are none, as when a sign-in has ended. */
  async function newOptions() {
    const { renewAt } = form.dataset
    const answer = renewAt && (await fetch(renewAt))
    if (!answer?.ok) return undefined
    if (answer.headers.get('content-type')?.startsWith('application/json')) return answer.json()
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const same = [...page.querySelectorAll('form[data-passkey]')].find(
      (each) => each.getAttribute('action') === form.getAttribute('action'),
    )
    return same && JSON.parse(same.dataset.options)
  }

  /** False: the page is loaded anew instead. */
  async function renew() {
    if (Date.now() - madeAt < FRESH) return true
    const made = await newOptions().catch(() => undefined)
    if (made === undefined) location.reload()
    else [options, madeAt] = [made, Date.now()]
    return made !== undefined
  }

  function send(credential) {
    form.elements.credential.value = inJson(credential)
    button.disabled = true
    button.setAttribute('aria-busy', 'true')
    form.submit()
  }

  async function ask(request) {
    const publicKey = readOptions(act, options)
    const credential = await navigator.credentials[act]({ publicKey, ...request })
    if (credential) send(credential)
  }

  button.addEventListener('click', async () => {
    say('nothing')
    autofill?.abort()
    try {
      if (await renew()) await ask({})
    } catch (error) {
      say(
        error.name === 'InvalidStateError' && form.querySelector('[data-said=exists]')
          ? 'exists'
          : 'cancelled',
      )
      offer()
    }
  })

  async function offer() {
    if (!('autofill' in form.dataset)) return
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
    const waiting = new AbortController()
    autofill = waiting
    const timer = setTimeout(async () => {
      waiting.abort()
      // A page in the background gets its options when it is looked at again.
      if (document.hidden)
        await new Promise((shown) => document.addEventListener('visibilitychange', shown, { once: true }))
      if (autofill === waiting && (await renew())) offer()
    }, FRESH)
    try {
      await ask({ mediation: 'conditional', signal: waiting.signal })
    } catch {
      // It was ended, or the browser offers none: the button is there.
    } finally {
      if (!waiting.signal.aborted) clearTimeout(timer)
    }
  }

  if (window.PublicKeyCredential && navigator.credentials) {
    form.hidden = false
    offer()
  } else {
    form.remove()
  }
}

// The form of a password says whether this device keeps passkeys: then the server may offer one, once.
const name = document.querySelector('input[autocomplete~=webauthn]')
if (
  name &&
  (await window.PublicKeyCredential?.isUserVerifyingPlatformAuthenticatorAvailable?.().catch(() => false))
) {
  const field = document.createElement('input')
  Object.assign(field, { type: 'hidden', name: 'can_passkey', value: '1' })
  name.form.append(field)
}

for (const text of document.querySelectorAll('[data-passkey-lacking]'))
  text.hidden = Boolean(window.PublicKeyCredential)
// A button that leads to where a passkey is made, in a browser that can make one.
for (const button of document.querySelectorAll('[data-passkey-able]'))
  button.hidden = !window.PublicKeyCredential

// What keeps passkeys is told which there are no more, so that it does not offer them. Only newer browsers pass it on.
const signal = (method, selector, property) => {
  const json = document.querySelector(selector)?.dataset[property]
  if (json) window.PublicKeyCredential?.[method]?.(JSON.parse(json)).catch(() => undefined)
}
signal('signalUnknownCredential', '[data-forget]', 'forget')
signal('signalAllAcceptedCredentials', '[data-accepted]', 'accepted')

// Back from the cache of the browser: the buttons work again.
addEventListener('pageshow', (event) => {
  if (!event.persisted) return
  for (const button of document.querySelectorAll('form[data-passkey] button')) {
    button.disabled = false
    button.removeAttribute('aria-busy')
  }
})
