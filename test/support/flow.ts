import { type CookieJar, createCookieJar } from './cookies.ts'
import { type FormButton, type HtmlForm, type HtmlPage, lazyHtml } from './html.ts'

/** A page that the browser shows, or the address outside of the test at which it stopped. */
export interface BrowserPage extends HtmlPage {
  url: URL
  /** The last HTTP status; the redirect's own status where the browser stopped at one of `stopAt`. */
  status: number
  headers: Headers
  body: string
  /** True when the browser followed a redirect up to one of `stopAt` and did not open it. */
  left: boolean
}

export interface HttpBrowserOptions {
  /** Where redirects end without being opened: beginnings of URLs, such as a client's redirect_uri. */
  stopAt?: readonly string[]
  fetch?: typeof fetch
  /** Sent with every request, as a browser sends its languages. */
  headers?: Record<string, string>
}

export interface SubmitOptions {
  /** The button's words. Default: the first button of the form. */
  button?: string
  /** Which form, when the page has several without that button. */
  form?: (form: HtmlForm) => boolean
}

/** Values by the field's label or by its name. A boolean ticks or clears a checkbox. */
export type FormValues = Record<string, string | boolean>

/**
 * A browser without scripts: a cookie jar, redirects followed one by one, forms filled in and sent the way HTML
 * says. Tests walk the real pages with it, and so prove that they work with JavaScript off.
 */
export interface HttpBrowser {
  cookies: CookieJar
  open(url: string | URL): Promise<BrowserPage>
  /** Opens the link with these words. */
  follow(page: BrowserPage, text: string): Promise<BrowserPage>
  submit(page: BrowserPage, values?: FormValues, options?: SubmitOptions): Promise<BrowserPage>
  /** The form's request without sending it: for tests that tamper with it or race it. */
  prepare(page: BrowserPage, values?: FormValues, options?: SubmitOptions): PreparedRequest
  /** Sends one request and follows its redirects to the page that shows what became of it. */
  visit(request: PreparedRequest): Promise<BrowserPage>
  /** Sends one request with the jar's cookies and does not follow its redirect. */
  send(request: PreparedRequest): Promise<Response>
  /** The sign-in page of the contract: “Email or username”, “Password”, “Sign in”. */
  signIn(page: BrowserPage, credentials: { identifier: string; password: string }): Promise<BrowserPage>
  /** The consent page: “Allow”. */
  allow(page: BrowserPage): Promise<BrowserPage>
  /** The consent page: “Deny”. */
  deny(page: BrowserPage): Promise<BrowserPage>
}

export interface PreparedRequest {
  url: URL
  method: 'GET' | 'POST'
  body?: URLSearchParams
  headers?: Record<string, string>
}

const MAX_REDIRECTS = 20

const pageOf = ({ status, headers }: Response, url: URL, body: string, left: boolean): BrowserPage =>
  // Its getters stay what they are: a spread would call them.
  Object.assign(lazyHtml(body), { url, status, headers, body, left })

function describe(page: BrowserPage): string {
  return `${page.status} ${page.url.href}: ${page.text.slice(0, 400)}`
}

function pick(page: BrowserPage, options: SubmitOptions): { form: HtmlForm; button: FormButton | undefined } {
  for (const form of page.forms) {
    const button = form.buttons.find((each) => options.button === undefined || each.label === options.button)
    if (options.form ? options.form(form) : button) return { form, button }
  }
  throw new Error(
    `no form${options.button ? ` with the button “${options.button}”` : ''} on ${describe(page)}`,
  )
}

function formData(form: HtmlForm, button: FormButton | undefined, values: FormValues): URLSearchParams {
  const unused = new Set(Object.keys(values))
  const data = new URLSearchParams()
  for (const field of form.fields) {
    const key = [field.label, field.name].find((name) => name !== undefined && name in values)
    const given = key === undefined ? undefined : values[key]
    if (key !== undefined) unused.delete(key)
    const sent = typeof given === 'boolean' ? given : given !== undefined || field.checked
    if (sent && field.name) data.append(field.name, typeof given === 'string' ? given : field.value)
  }
  if (unused.size > 0) {
    const known = form.fields.map((field) => field.label ?? field.name).join(', ')
    throw new Error(`the form has no field ${[...unused].join(', ')}; it has: ${known}`)
  }
  if (button?.name) data.append(button.name, button.value)
  return data
}

/** What browsers tell about where a POST comes from; the origin is “null” under `no-referrer` (Fetch §3.2). */
function originHeaders(page: BrowserPage, target: URL): Record<string, string> {
  const hidden = page.headers.get('referrer-policy')?.trim() === 'no-referrer'
  return {
    origin: hidden ? 'null' : page.url.origin,
    'sec-fetch-site': page.url.origin === target.origin ? 'same-origin' : 'cross-site',
  }
}

/** @throws Error from its methods when a page lacks the form, button, field or link that was asked for */
export function createHttpBrowser(options: HttpBrowserOptions = {}): HttpBrowser {
  const cookies = createCookieJar()
  const request = options.fetch ?? fetch
  const stops = options.stopAt ?? []

  async function send({ url, method, body, headers }: PreparedRequest): Promise<Response> {
    const cookie = cookies.header(url)
    const response = await request(url, {
      method,
      redirect: 'manual',
      headers: { accept: 'text/html', ...options.headers, ...headers, ...(cookie ? { cookie } : {}) },
      ...(body ? { body } : {}),
    })
    cookies.store(url, response.headers.getSetCookie())
    return response
  }

  async function visit(first: PreparedRequest): Promise<BrowserPage> {
    let next = first
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const response = await send(next)
      const location = response.headers.get('location')
      if (response.status < 300 || response.status > 399 || location === null) {
        const body = await response.text()
        return pageOf(response, next.url, body, false)
      }
      await response.body?.cancel()
      const url = new URL(location, next.url)
      if (stops.some((stop) => url.href.startsWith(stop))) {
        return pageOf(response, url, '', true)
      }
      const keeps = response.status === 307 || response.status === 308
      next = keeps ? { ...next, url } : { url, method: 'GET' }
    }
    throw new Error(`more than ${MAX_REDIRECTS} redirects from ${first.url.href}`)
  }

  function prepare(page: BrowserPage, values: FormValues = {}, which: SubmitOptions = {}): PreparedRequest {
    const { form, button } = pick(page, which)
    const data = formData(form, button, values)
    const url = new URL(button?.action ?? (form.action || page.url.href), page.url)
    if (form.method === 'post') return { url, method: 'POST', body: data, headers: originHeaders(page, url) }
    url.search = data.toString()
    return { url, method: 'GET' }
  }

  const submit: HttpBrowser['submit'] = (page, values, which) => visit(prepare(page, values, which))

  return {
    cookies,
    open: (url) => visit({ url: new URL(url), method: 'GET' }),
    async follow(page, text) {
      const link = page.links.find((each) => each.text === text)
      if (!link) throw new Error(`no link “${text}” on ${describe(page)}`)
      return visit({ url: new URL(link.href, page.url), method: 'GET' })
    },
    submit,
    prepare,
    visit,
    send,
    signIn: (page, { identifier, password }) =>
      submit(page, { identifier, Password: password }, { button: 'Sign in' }),
    allow: (page) => submit(page, {}, { button: 'Allow' }),
    deny: (page) => submit(page, {}, { button: 'Deny' }),
  }
}
