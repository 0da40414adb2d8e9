import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD } from '../support/latchkey.ts'

let people = 0

/** Somebody with a role, signed in to the console in a browser without scripts. @param headers that the browser sends with all it asks for */
export async function signedIn(
  latchkey: Latchkey,
  role = 'admin',
  headers: Record<string, string> = {},
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
  const browser = createHttpBrowser({ headers })
  const login = await browser.open(`${latchkey.issuer}/login?return_to=/account`)
  // By its address: the button is called otherwise in other languages.
  await browser.submit(
    login,
    { identifier: username, password: PASSWORD },
    { form: ({ action }) => new URL(action, login.url).pathname === '/login' },
  )
  return { browser, id: account.id, username }
}
