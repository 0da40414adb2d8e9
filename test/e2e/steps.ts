import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD } from '../support/latchkey.ts'
import { codeIn } from '../support/mailbox.ts'

/** What people do, in the words on the pages. Each step ends when the next page shows. */

export interface Person {
  username: string
  email: string
  password: string
}

let people = 0

/** Somebody without an account yet. */
export function newcomer(): Person {
  const username = `ada${++people}`
  return { username, email: `${username}@example.com`, password: PASSWORD }
}

/** A page with this heading is there, and its scripts with it: they run after what is seen. */
export async function heading(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('heading', { level: 1, name }).waitFor()
  await page.waitForLoadState()
}

const clicks = new WeakMap<Page, number>()

/** How often something was clicked in a tab by the steps below. */
export const clicksIn = (page: Page): number => clicks.get(page) ?? 0

/** Clicks on the one button or link of this name. @param name whole, or a pattern of a part */
export async function click(page: Page, role: 'button' | 'link', name: string | RegExp): Promise<void> {
  clicks.set(page, clicksIn(page) + 1)
  await page.getByRole(role, { name, exact: true }).click()
}

export const press = (page: Page, name: string) => click(page, 'button', name)

export const follow = (page: Page, name: string) => click(page, 'link', name)

export const fill = (page: Page, label: string, text: string) =>
  page.getByLabel(label, { exact: true }).fill(text)

/** From the app's first page to the sign-in page. */
export async function startAt(page: Page, app: { url: string }): Promise<void> {
  await page.goto(app.url)
  await follow(page, 'Sign in')
  await heading(page, 'Sign in')
}

export async function signIn(page: Page, identifier: string, password: string = PASSWORD): Promise<void> {
  await fill(page, 'Email or username', identifier)
  await fill(page, 'Password', password)
  await press(page, 'Sign in')
}

/** Who is signed in signs in again: the page knows their name. */
export async function signInAgain(page: Page, username: string): Promise<void> {
  await page.getByText(`Signing in as ${username}`).waitFor()
  await fill(page, 'Password', PASSWORD)
  await press(page, 'Sign in')
}

/** On the register page. */
export async function register(page: Page, person: Person): Promise<void> {
  await heading(page, 'Create account')
  await fill(page, 'Username', person.username)
  await fill(page, 'Email', person.email)
  await fill(page, 'Password', person.password)
  await press(page, 'Create account')
  await heading(page, 'Verify your email')
}

export async function allow(page: Page): Promise<void> {
  await heading(page, 'Allow access?')
  await press(page, 'Allow')
}

/** The app greets somebody it knows. */
export const signedInAs = (page: Page, name: string) => heading(page, `Hello, ${name}`)

/** The whole way in: the app, sign-in, consent, the app. */
export async function enter(page: Page, app: { url: string }, person: { username: string }): Promise<void> {
  await startAt(page, app)
  await signIn(page, person.username)
  await allow(page)
  await signedInAs(page, person.username)
}

/** Signs in at Latchkey itself. */
export async function signInAtAccount(
  page: Page,
  issuer: string,
  person: { username: string },
): Promise<void> {
  await page.goto(`${issuer}/account`)
  await signIn(page, person.username)
  await heading(page, 'Your account')
}

/** A browser without pages to draw, which calls itself what the tab calls itself. */
const quickBrowser = async (page: Page): Promise<HttpBrowser> =>
  createHttpBrowser({ headers: { 'user-agent': await page.evaluate<string>('navigator.userAgent') } })

const takeOver = ({ cookies }: HttpBrowser, page: Page): Promise<void> =>
  page
    .context()
    .addCookies(cookies.list().map(({ host, ...cookie }) => ({ ...cookie, domain: host, httpOnly: true })))

/** Signed in at Latchkey itself as by `signInAtAccount`, without its pages in the tab: for tests of what comes after. */
export async function haveSignedIn(
  page: Page,
  issuer: string,
  { username }: { username: string },
): Promise<void> {
  const browser = await quickBrowser(page)
  const form = await browser.open(`${issuer}/login`)
  const { url } = await browser.signIn(form, { identifier: username, password: PASSWORD })
  expect(url.pathname).toBe('/account')
  await takeOver(browser, page)
}

/** Signed in at the app as by `enter`, without the pages of the way: for tests of what comes after. */
export async function haveEntered(
  page: Page,
  app: { url: string },
  { username }: { username: string },
): Promise<void> {
  const browser = await quickBrowser(page)
  const form = await browser.follow(await browser.open(app.url), 'Sign in')
  const consent = await browser.signIn(form, { identifier: username, password: PASSWORD })
  const { text } = await browser.allow(consent)
  expect(text).toContain('Hello, ')
  await takeOver(browser, page)
}

export const codeFor = async (latchkey: Latchkey, person: { email: string }): Promise<string> =>
  codeIn(await latchkey.mailTo(person.email))

export const linkFor = async (latchkey: Latchkey, person: { email: string }): Promise<string> =>
  (await latchkey.mailTo(person.email)).link.href

/** What the page says. */
export const text = async (page: Page, selector = 'main'): Promise<string> =>
  (await page.locator(selector).textContent()) ?? ''

/** Runs in the page: what has the focus, and the ring around it. */
const FOCUS = `(() => {
  const active = document.activeElement
  const { outlineStyle, outlineWidth } = getComputedStyle(active)
  return [active.textContent.trim(), outlineStyle + ' ' + outlineWidth]
})()`

/** Presses Tab until what has these words is reached. @param ring ours; another site's is its own affair */
export async function tabTo(page: Page, words: string, ring = 'solid 2px'): Promise<void> {
  for (let presses = 0; presses < 15; presses++) {
    await page.keyboard.press('Tab')
    let name = ''
    // The ring comes with the next rendering.
    await expect
      .poll(async () => {
        const [words, outline] = await page.evaluate<[string, string]>(FOCUS)
        name = words
        return outline
      })
      .toMatch(ring)
    if (name === words) return
  }
  throw new Error(`Tab does not reach “${words}”`)
}

/** Types into the field that has the focus. Before a page gives it the focus, what is typed is lost. */
export async function typeInto(page: Page, label: string, text: string): Promise<void> {
  await page
    .locator(':focus')
    .and(page.getByLabel(label, { exact: true }))
    .waitFor()
  await page.keyboard.type(text)
}
