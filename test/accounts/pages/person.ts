import { createHttpBrowser, type HttpBrowser } from '../../support/flow.ts'
import { type Latchkey, PASSWORD } from '../../support/latchkey.ts'

/** Somebody with an account, signed in by their password in a browser without scripts. */
export interface Person {
  id: string
  username: string
  email: string
  browser: HttpBrowser
}

export async function signInAs(latchkey: Latchkey, username: string): Promise<HttpBrowser> {
  const browser = createHttpBrowser()
  await browser.signIn(await browser.open(`${latchkey.issuer}/login`), {
    identifier: username,
    password: PASSWORD,
  })
  return browser
}

export async function person(latchkey: Latchkey, name?: string): Promise<Person> {
  const { id, username, email } = await latchkey.createUser(name)
  return { id, username, email, browser: await signInAs(latchkey, username) }
}

/** Presses a button of a page of the account. */
export async function press(
  latchkey: Latchkey,
  { browser }: Pick<Person, 'browser'>,
  path: string,
  button: string,
  fields: Record<string, string> = {},
) {
  return browser.submit(await browser.open(`${latchkey.issuer}${path}`), fields, { button })
}
