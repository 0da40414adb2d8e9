import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { follow, heading, press } from '../e2e/steps.ts'
import { clientStage, throughWebApp } from './clients.ts'
import { startProgram, startSnippet } from './snippet.ts'
import { enterAt } from './support.ts'

const stage = clientStage()

/** A key pair as a client makes one: the public half is registered, the private half is beside the program. */
function keyPair() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = randomUUID()
  return {
    jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' }] },
    files: { 'private-key.jwk': JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid }) },
  }
}

describe('openid-client', () => {
  test('a web app with a key of its own instead of a secret', async () => {
    const { jwks, files } = keyPair()
    await throughWebApp(stage, 'openid-client', {
      options: { metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks }, files },
      leave: (page) => page.goto(new URL('/logout', page.url()).href),
    })
  }, 60_000)

  test('a machine with a key of its own gets a token for its API', async () => {
    const { jwks, files } = keyPair()
    const { services } = stage.latchkey()
    await services.resources.add({ identifier: 'https://books.example', name: 'Books', scope: 'books:read' })
    const program = await startProgram(stage.latchkey(), 'openid-client-machine', {
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
  }, 60_000)

  test('signing out elsewhere ends the session of a web app with a back channel, and a forged notice does not', async () => {
    const latchkey = stage.latchkey()
    const app = await startSnippet(latchkey, 'openid-client', {
      metadata: (url) => ({
        backchannel_logout_uri: `${url}/backchannel-logout`,
        backchannel_logout_session_required: true,
      }),
    })
    const context = await stage.browser().newContext()
    context.setDefaultTimeout(8000)
    try {
      const person = await latchkey.createUser()
      const page = await context.newPage()
      await page.goto(`${app.url}/`)
      await follow(page, 'Sign in')
      await enterAt(page, person)
      const forged = await fetch(`${app.url}/backchannel-logout`, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: 'eyJhbGciOiJub25lIn0.e30.' }),
      })
      expect(forged.status).toBe(400)
      await page.goto(`${app.url}/`)
      await page.getByText(person.email).waitFor()

      await page.goto(`${latchkey.issuer}/logout`)
      await press(page, 'Sign out')
      await page.getByRole('heading', { name: 'Sign out?' }).waitFor({ state: 'hidden' })
      await expect
        .poll(async () => {
          await page.goto(`${app.url}/`)
          return page.getByText('Sign in').count()
        })
        .toBe(1)
    } finally {
      await context.close()
      await app.stop()
    }
  }, 60_000)

  test('a single-page application signs in, refreshes and signs out', async () => {
    // The page that somebody has around sign-in.js.
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
    const latchkey = stage.latchkey()
    const app = await startSnippet(latchkey, 'openid-client-spa', {
      metadata: { token_endpoint_auth_method: 'none' },
      files,
      run: (port) => `vite --host localhost --port ${port} --strictPort`,
    })
    const context = await stage.browser().newContext()
    context.setDefaultTimeout(8000)
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
  }, 60_000)
})
