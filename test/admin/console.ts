import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD } from '../support/latchkey.ts'

let people = 0

/** Somebody with a role, signed in to the console in a browser without scripts. */
export async function signedIn(
  latchkey: Latchkey,
  role = 'admin',
): Promise<{ browser: HttpBrowser; id: string; username: string }> {
  const { accounts } = latchkey.services
  const username = `${role.slice(0, 8)}er${++people}`
  const account = await accounts.createByAdmin({
    username,
    email: `${username}@example.com`,
    password: PASSWORD,
    verified: true,
    role,
  })
  const browser = createHttpBrowser()
  const login = await browser.open(`${latchkey.issuer}/login?return_to=/account`)
  await browser.signIn(login, { identifier: username, password: PASSWORD })
  return { browser, id: account.id, username }
}
