import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PASSWORD } from '../../support/latchkey.ts'
import { freePort } from '../../support/ports.ts'
import { discover } from '../../support/relying-party.ts'
import { allow, click, clicksIn, fill, follow, heading, press, signIn } from '../steps.ts'
import { type ConsoleFixture, openConsole } from './views.ts'

let e2e: ConsoleFixture
beforeAll(async () => {
  e2e = await openConsole()
})
afterAll(() => e2e?.close())

/** Runs a program as it was copied, with openid-client installed beside it. */
async function run(code: string, secret: string): Promise<{ end(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-copied-'))
  await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'app.mjs'), code)
  const program: ChildProcess = spawn(process.execPath, ['app.mjs'], {
    cwd: folder,
    env: { PATH: process.env.PATH, LATCHKEY_CLIENT_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (program.stdout === null) throw new Error('no output')
  const line = await createInterface({ input: program.stdout })[Symbol.asyncIterator]().next()
  expect(line.value).toContain('listening')
  return {
    async end() {
      const ended = once(program, 'exit')
      program.kill()
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

test.each(['on', 'off'])(
  'an administrator registers a web app, copies a snippet, and it signs a user in as it stands (JavaScript %s)',
  async (scripts) => {
    const origin = `http://localhost:${await freePort()}`
    const page = await e2e.console('/admin/clients', { javaScriptEnabled: scripts === 'on' })
    await follow(page, 'New client')
    await heading(page, 'What are you building?')
    await click(page, 'link', /^Web application/)
    await heading(page, 'New web application')
    await fill(page, 'Name', 'Harbour diary')
    await page.getByLabel('Redirect URIs', { exact: true }).fill(`${origin}/callback`)
    await press(page, 'Register')
    await heading(page, 'Harbour diary')
    expect(clicksIn(page)).toBe(3)
    const secret = (await page.locator('#new-secret').textContent())?.trim() ?? ''
    expect(secret).toMatch(/^[\w-]{43}$/)
    if (scripts === 'on') {
      // Typing leaves what has the words, and the secret on the page.
      await page.getByPlaceholder('Library, language or program').fill('node openid-client')
      expect(await page.locator('details.snippet:visible summary').allTextContents()).toEqual(
        expect.arrayContaining([expect.stringContaining('openid-client')]),
      )
      expect(await page.getByText('Django with Authlib').isVisible()).toBe(false)
      expect(await page.locator('#new-secret').isVisible()).toBe(true)
    }
    const code = (await page.locator('#openid-client-app-mjs').textContent()) ?? ''
    const program = await run(code, secret)
    try {
      const person = await e2e.latchkey.createUser()
      const tab = await e2e.tab()
      await tab.goto(`${origin}/`)
      await follow(tab, 'Sign in')
      await signIn(tab, person.username)
      await allow(tab)
      await tab.getByText(person.email).waitFor()
      await tab.context().close()
    } finally {
      await program.end()
    }
    // Shown once.
    await page.reload()
    expect(await page.locator('#new-secret').count()).toBe(0)
    expect(page.complaints).toEqual([])
    await page.context().close()
  },
  60_000,
)

test.each(['on', 'off'])(
  'a redirect URI with a slash too many is explained by the reference on the error page, and fixed (JavaScript %s)',
  async (scripts) => {
    const redirect = 'https://diary.example.com/callback'
    const client = await e2e.latchkey.createClient({ client_name: 'Diary', redirect_uris: [redirect] })
    const query = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: `${redirect}/`,
      response_type: 'code',
      scope: 'openid',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    })
    const authorize = `${e2e.latchkey.issuer}/authorize?${query}`
    const person = await e2e.tab()
    await person.goto(authorize)
    await heading(person, 'Sign-in could not go on')
    const reference = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(
      (await person.locator('main').textContent()) ?? '',
    )?.[0]
    expect(reference).toBeDefined()

    const page = await e2e.console('/admin/rejections', { javaScriptEnabled: scripts === 'on' })
    await fill(page, 'Reference', String(reference))
    await press(page, 'Explain')
    await page.getByText('Extra trailing slash').first().waitFor()
    await follow(page, 'Register what was sent …')
    await heading(page, 'Register what was sent')
    await click(page, 'button', /^Add/)
    await heading(page, 'Refused request')
    await page.getByText('has been registered since').first().waitFor()
    expect(clicksIn(page)).toBe(3)

    await person.goto(authorize)
    await heading(person, 'Sign in')
    const { items } = await e2e.latchkey.services.audit.list({ target: client.client_id })
    expect(items[0]).toMatchObject({ action: 'client.updated', actor: { kind: 'account', name: 'ada' } })
    expect(page.complaints).toEqual([])
    await page.context().close()
    await person.context().close()
  },
)

test('a secret is rotated while a client keeps getting tokens', async () => {
  const { seen, latchkey } = e2e
  const { client_secret: first } = await latchkey.services.clients.rotateSecret(seen.machine, {
    keepOldSeconds: 0,
  })
  const tokens = async (secret: string) => {
    const party = await discover({
      issuer: latchkey.issuer,
      clientId: seen.machine,
      auth: { method: 'client_secret_basic', secret },
    })
    return party.clientCredentials({ scope: 'orders:read' })
  }
  let done = false
  let got = 0
  const keepsOn = (async () => {
    while (!done) {
      await tokens(first)
      got++
    }
  })()
  const page = await e2e.console(`/admin/clients/${seen.machine}/secrets`)
  await press(page, 'New secret')
  const second = (await page.locator('#new-secret').textContent())?.trim() ?? ''
  expect(second).not.toBe(first)
  expect((await tokens(second)).access_token).toBeTruthy()
  done = true
  await keepsOn
  expect(got).toBeGreaterThan(0)
  expect(page.complaints).toEqual([])
  await page.context().close()
})

test.each(['on', 'off'])(
  'a person who is locked out is found, understood and let in again (JavaScript %s)',
  async (scripts) => {
    const { latchkey } = e2e
    const person = await latchkey.createUser()
    const tab = await e2e.tab({ javaScriptEnabled: scripts === 'on' })
    await tab.goto(`${latchkey.issuer}/login`)
    const attempt = async (password: string) => {
      await fill(tab, 'Email or username', person.username)
      await fill(tab, 'Password', password)
      const answered = tab.waitForResponse((response) => response.request().method() === 'POST')
      await press(tab, 'Sign in')
      await answered
      await tab.waitForLoadState()
    }
    for (let wrong = 0; wrong < latchkey.services.settings.values.lockoutFailures; wrong++) {
      await attempt('not the password')
      await tab.getByRole('alert').first().waitFor()
    }
    await attempt(PASSWORD)
    // Whether an account is locked is told to nobody who may be guessing.
    await tab.getByText('The email, username or password is not right.').first().waitFor()

    const page = await e2e.console('/admin', { javaScriptEnabled: scripts === 'on' })
    await fill(page, 'Search everything', person.email)
    await page.getByLabel('Search everything', { exact: true }).press('Enter')
    await click(page, 'link', new RegExp(`^${person.username}`))
    await heading(page, person.username)
    await follow(page, 'Why can’t they sign in?')
    await page
      .getByRole('status')
      .filter({ hasText: /Locked/i })
      .waitFor()
    await press(page, 'Unlock')
    await page.getByText('Unlocked.').waitFor()
    expect(clicksIn(page)).toBe(3)

    await tab.goto(`${latchkey.issuer}/account`)
    await attempt(PASSWORD)
    await heading(tab, 'Your account')
    expect([...page.complaints, ...tab.complaints]).toEqual([])
    await page.context().close()
    await tab.context().close()
  },
)
