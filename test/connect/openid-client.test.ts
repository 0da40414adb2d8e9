import { execFile } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { DEVICE_CODE_GRANT } from '../../src/shared/device-code.ts'
import { heading, press, signIn } from '../e2e/steps.ts'
import { temporaryFolder } from '../support/folder.ts'
import { scanLines, WHITE_ON_BLACK } from '../support/scan.ts'
import { signsOutAtLatchkey } from './behaviour.ts'
import { clientFixture, throughWebApp } from './clients.ts'
import { keyPair } from './keys.ts'
import { needsPackages } from './packages.ts'
import { startProgram, startSnippet } from './snippet.ts'
import { enterAt } from './support.ts'

needsPackages()
const fixture = clientFixture()

const keys = temporaryFolder()

/** What the keys.mjs of a stack makes, as a developer runs it. */
async function printedKeys() {
  const folder = await mkdtemp(join(keys, 'k-'))
  const program = resolve('snippets/openid-client-fapi/keys.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [program], { cwd: folder })
  const privateKey = await readFile(join(folder, 'private-key.jwk'), 'utf8')
  return { jwks: { keys: [JSON.parse(stdout)] }, files: { 'private-key.jwk': privateKey } }
}

describe('openid-client', () => {
  test('a web app with a key of its own instead of a secret', async () => {
    const { jwks, files } = keyPair()
    await throughWebApp(fixture, 'openid-client', {
      options: { metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks }, files },
      leave: (page) => page.goto(new URL('/logout', page.url()).href),
    })
  })

  test.each(['fapi2', 'fapi2_message_signing'])(
    'openid-client-fapi with %s',
    async (profile) => {
      const { jwks, files } = await printedKeys()
      await throughWebApp(fixture, 'openid-client-fapi', {
        options: { metadata: { profile, jwks, token_endpoint_auth_method: undefined }, files },
        leave: (page) => page.goto(new URL('/logout', page.url()).href),
      })
    },
    60_000,
  )

  test('a machine with a key of its own gets a token for its API', async () => {
    const { jwks, files } = keyPair()
    const { services } = fixture.latchkey()
    await services.resources.add({ identifier: 'https://books.example', name: 'Books', scope: 'books:read' })
    const program = await startProgram(fixture.latchkey(), 'openid-client-machine', {
      metadata: {
        redirect_uris: [],
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks,
        scope: 'books:read',
      },
      files,
    })
    expect(await program.printed(/^a token for \d+ seconds$/m)).toBe('a token for 60 seconds')
    await program.stop()
  })

  test('a device prints a QR code that a phone reads, and greets the person who signed in with it', async () => {
    const latchkey = fixture.latchkey()
    const program = await startProgram(latchkey, 'openid-client-device', {
      metadata: {
        redirect_uris: [],
        grant_types: [DEVICE_CODE_GRANT],
        token_endpoint_auth_method: 'none',
        response_types: [],
      },
    })
    const printed = await program.printed(WHITE_ON_BLACK)
    const code = await program.printed(/enter the code (\S+)$/m)
    const scanned = scanLines(printed)
    expect(scanned).toBe(`${latchkey.issuer}/device?user_code=${code}`)
    const context = await fixture.browser().newContext()
    try {
      const user = await latchkey.createUser()
      const phone = await context.newPage()
      await phone.goto(String(scanned))
      await press(phone, 'Continue')
      await signIn(phone, user.username)
      await press(phone, 'Allow')
      await heading(phone, 'Go back to your device')
      expect(await program.printed(/^Signed in as (.*)$/m)).toBe(`${user.username}, ${user.email}`)
    } finally {
      await context.close()
      await program.stop()
    }
  })

  test(
    'signing out at Latchkey ends the session of a web app with a back channel, and a forged notice does not',
    () => signsOutAtLatchkey(fixture, 'openid-client'),
    60_000,
  )

  test('a single-page application signs in, refreshes and signs out', async () => {
    // The page that a developer has around sign-in.js.
    const files = {
      'index.html': `<!doctype html><html lang="en"><body><p id="who">nobody</p>
<button id="in">Sign in</button><button id="renew">Renew</button><button id="out">Sign out</button>
<script type="module">
import { finishSignIn, refresh, signIn, signOut } from './sign-in.js'
const on = (id, act) => document.getElementById(id).addEventListener('click', act)
const who = document.getElementById('who')
on('in', signIn)
on('out', signOut)
on('renew', async () => { who.textContent = 'renewed ' + Boolean(await refresh()) })
if (location.pathname === '/callback') who.textContent = JSON.stringify(await finishSignIn())
</script></body></html>`,
    }
    const latchkey = fixture.latchkey()
    const app = await startSnippet(latchkey, 'openid-client-spa', {
      metadata: { token_endpoint_auth_method: 'none' },
      files,
      run: (port) => `vite --host localhost --port ${port} --strictPort`,
    })
    const context = await fixture.browser().newContext()
    try {
      const person = await latchkey.createUser()
      const page = await context.newPage()
      await page.goto(`${app.url}/`, { waitUntil: 'networkidle' })
      await press(page, 'Sign in')
      await heading(page, 'Sign in')
      await enterAt(page, person)
      await press(page, 'Renew')
      await page.getByText('renewed true').waitFor()
      await press(page, 'Sign out')
      await page
        .getByText('nobody')
        .or(page.getByRole('heading', { name: 'Sign out?' }))
        .waitFor()
      if (page.url().startsWith(latchkey.issuer)) await press(page, 'Sign out')
      await page.getByText('nobody').waitFor()
    } catch (error) {
      throw new Error(`${error}\n${app.output()}`)
    } finally {
      await context.close()
      await app.stop()
    }
  })
})
