import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { createInstallation } from '../cli/harness.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { png, webp } from '../support/pictures.ts'

let latchkey: Latchkey
let admin: HttpBrowser
beforeAll(async () => {
  latchkey = await startLatchkey()
  admin = (await signedIn(latchkey)).browser
})
beforeEach(() => latchkey.services.branding.set({ kind: 'server' }, {}))
afterAll(() => latchkey.stop())

const open = (path = '/admin/branding', browser = admin) => browser.open(`${latchkey.issuer}${path}`)
const said = async () => (await latchkey.services.branding.get({ kind: 'server' })).brand

/** As a browser sends the form of a page, with files. */
async function preview(
  page: BrowserPage,
  values: Record<string, string>,
  files: Record<string, Buffer> = {},
): Promise<BrowserPage> {
  const form = page.forms.find(({ action }) => action.endsWith('/preview'))
  const data = new FormData()
  for (const { name, value, checked } of form?.fields ?? []) if (name && checked) data.set(name, value)
  for (const [name, value] of Object.entries(values)) data.set(name, value)
  for (const [name, bytes] of Object.entries(files))
    data.set(name, new Blob([new Uint8Array(bytes)]), 'logo.png')
  const url = new URL(form?.action ?? '', page.url)
  const answer = await fetch(url, {
    method: 'POST',
    body: data,
    redirect: 'manual',
    headers: {
      accept: 'text/html',
      cookie: admin.cookies.header(url) ?? '',
      'sec-fetch-site': 'same-origin',
    },
  })
  admin.cookies.store(url, answer.headers.getSetCookie())
  return admin.open(new URL(answer.headers.get('location') ?? '', url))
}

const framesOf = (page: BrowserPage) =>
  [...page.body.matchAll(/<iframe src="([^"]+)"/g)].map(([, src = '']) => src.replaceAll('&amp;', '&'))

test('a brand is seen on four pages before it counts, and counts once it is published', async () => {
  const shown = await preview(
    await open(),
    { name: 'Harbour Bank', accent: '#7c3aed', mail_footer: 'Harbour Bank Ltd\r\n1 Quay Street' },
    { logo: png(), favicon: webp() },
  )
  expect(shown.body).toContain('Preview: Branding')
  expect(Object.values(await said()).every((value) => value === null)).toBe(true)
  expect((await createHttpBrowser().open(`${latchkey.issuer}/login`)).body).toContain('· Latchkey</title>')
  for (const tab of ['Sign-in', 'Consent', 'Account', 'Message']) {
    const frames = framesOf(await admin.follow(shown, tab))
    expect(frames).toHaveLength(4)
    for (const src of frames) {
      const frame = await open(src)
      const policy = frame.headers.get('content-security-policy') ?? ''
      expect([
        frame.status,
        policy.includes("frame-ancestors 'self'"),
        policy.includes('script-src'),
      ]).toEqual([200, true, false])
      expect(frame.headers.get('x-frame-options')).toBe('SAMEORIGIN')
      expect(frame.body).toContain(tab === 'Message' ? '#7c3aed' : 'accent=7c3aed')
      expect(frame.body).toMatch(/src="[^"]*\/theme\/[\w-]{43}\.\d+x\d+\.png"/)
      if (tab === 'Message') expect(frame.body).toContain('1 Quay Street')
      else expect(frame.body).toContain(`data-scheme="${src.includes('scheme=dark') ? 'dark' : 'light'}"`)
    }
  }
  const published = await admin.submit(shown, {}, { button: 'Publish' })
  expect(published.text).toContain('The brand is published.')
  expect(await said()).toMatchObject({
    name: 'Harbour Bank',
    accent: '#7c3aed',
    mail_footer: 'Harbour Bank Ltd\n1 Quay Street',
  })
  expect((await createHttpBrowser().open(`${latchkey.issuer}/login`)).body).toContain(
    '· Harbour Bank</title>',
  )
  const again = await preview(published, { logo_remove: 'on' })
  await admin.submit(again, {}, { button: 'Publish' })
  expect(await said()).toMatchObject({
    name: 'Harbour Bank',
    logo: null,
    favicon: expect.stringContaining('.webp'),
  })
  const reset = await admin.submit(await open(), {}, { button: 'Reset to default' })
  expect(reset.text).toContain('Nothing is said of this brand any more')
  expect(Object.values(await said()).every((value) => value === null)).toBe(true)
})

test('what is wrong stands beside its field, with what was typed', async () => {
  const page = await preview(
    await open(),
    { name: 'Harbour', accent: '#ffdd00', terms_url: 'javascript:alert(1)' },
    {
      logo: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><image/></svg>'),
      favicon: Buffer.from('GIF89a'),
    },
  )
  expect(page.status).toBe(422)
  expect(page.body).toMatch(
    /id="field-accent-error">It cannot be read .*The nearest colour that passes is #[\da-f]{6}\./,
  )
  expect(page.body).toContain('id="field-terms_url-error">It must be an address that begins with https://')
  expect(page.body).toContain('id="field-logo-error">It draws by “image”, which is not taken from an SVG')
  expect(page.body).toContain('id="field-favicon-error">It must be an SVG, a PNG, a JPEG or a WebP')
  expect(page.body).toContain('value="Harbour"')
  // It is the form itself, which has nothing above it.
  expect(page.body).not.toContain('aria-label="Where this page is"')
})

test('of two administrators the later one sees that there was another, and loses nothing of theirs', async () => {
  const shown = await preview(await open(), { name: 'Mine' })
  await latchkey.services.branding.set({ kind: 'server' }, { name: 'Theirs' })
  const back = await admin.submit(shown, {}, { button: 'Publish' })
  expect(back.text).toContain('Somebody has changed this brand since you opened the form')
  expect([back.body.includes('value="Mine"'), (await said()).name]).toEqual([true, 'Theirs'])
  await admin.submit(await preview(back, {}), {}, { button: 'Publish' })
  expect((await said()).name).toBe('Mine')
})

test('a draft is its administrator’s and its owner’s, and a forged one is none', async () => {
  const client = await latchkey.createClient()
  const shown = await preview(await open(`/admin/branding/clients/${client.client_id}`), { name: 'Shop' })
  const draft = shown.url.searchParams.get('draft') ?? ''
  const elsewhere = await open(`/admin/branding/preview?draft=${draft}`)
  expect(elsewhere.url.pathname).toBe('/admin/branding')
  const other = (await signedIn(latchkey)).browser
  expect((await open(`/admin/branding/frames/sign-in?draft=${draft}`, other)).status).toBe(404)
  expect((await open(`/admin/branding/frames/sign-in?draft=${draft.slice(0, -4)}AAAA`)).status).toBe(404)
  const person = (await signedIn(latchkey, 'user')).browser
  expect((await open('/admin/branding', person)).status).toBe(403)
  const auditor = (await signedIn(latchkey, 'auditor')).browser
  const looked = await open('/admin/branding', auditor)
  expect([looked.status, looked.body.includes('>Preview<')]).toEqual([200, false])
})

test('the head of the app stays through registration, verification and a new password', async () => {
  const client = await latchkey.createClient({ client_name: 'Harbour Notes' })
  await latchkey.services.branding.set(
    { kind: 'client', id: client.client_id },
    { name: 'Notes brand', accent: '#7c3aed' },
  )
  const browser = createHttpBrowser()
  const query = new URLSearchParams({
    ...{
      client_id: client.client_id,
      redirect_uri: client.redirect_uri,
      response_type: 'code',
      scope: 'openid',
    },
    ...{ code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
  })
  const wears = ({ body }: BrowserPage) => [
    body.includes('· Notes brand</title>'),
    body.includes('accent=7c3aed'),
    body.includes('<b>Harbour Notes</b>'),
  ]
  const signIn = await browser.open(`${latchkey.issuer}/authorize?${query}`)
  const forgot = await browser.follow(signIn, 'Forgot password?')
  const sent = await browser.submit(forgot, { Email: 'nobody@example.com' })
  const register = await browser.follow(signIn, 'Create account')
  const verify = await browser.submit(register, {
    Username: 'grace',
    Email: 'grace@example.com',
    Password: 'glass-otter-72-harbour',
  })
  expect(verify.url.pathname).toBe('/verify-email')
  for (const page of [signIn, forgot, sent, register, verify])
    expect([page.url.pathname, ...wears(page)]).toEqual([page.url.pathname, true, true, true])
  await latchkey.services.accounts.createByAdmin({
    username: 'ada',
    email: 'ada@example.com',
    password: 'glass-otter-72-harbour',
    verified: true,
  })
  await browser.submit(await browser.follow(signIn, 'Forgot password?'), { Email: 'ada@example.com' })
  const reset = await browser.open((await latchkey.mailTo('ada@example.com')).link)
  expect([reset.url.pathname, ...wears(reset)]).toEqual(['/reset-password', true, true, true])
})

test('messages wear the brand of the server, in both forms', async () => {
  await latchkey.services.branding.set(
    { kind: 'server' },
    {
      ...{
        name: 'Harbour <Bank>',
        accent: '#7c3aed',
        radius: 0,
        mail_footer: 'Harbour Bank Ltd\n1 Quay Street',
      },
      logo: `data:image/png;base64,${png().toString('base64')}`,
    },
  )
  await latchkey.services.accounts.createByAdmin({
    username: 'eve',
    email: 'eve@example.com',
    password: 'glass-otter-72-harbour',
    verified: true,
  })
  await latchkey.services.accounts.forgot('eve@example.com', {
    address: '192.0.2.1',
    interaction: undefined,
    devices: [],
  } as never)
  const { text } = await latchkey.mailTo('eve@example.com')
  expect(text).toContain('\nHarbour Bank Ltd\n1 Quay Street\n')
  expect(text).not.toContain('Latchkey')
})

test('the command line says, shows and resets a brand', async () => {
  const installation = await createInstallation()
  const run = (...argv: string[]) => installation.run(['branding', ...argv])
  const set = await run('set', '--name', 'Harbour Bank', '--radius', '12', '--json')
  expect([set.status, JSON.parse(set.stdout)]).toMatchObject([
    0,
    { name: 'Harbour Bank', radius: 12, accent: null },
  ])
  expect((await run('get')).stdout).toContain('Harbour Bank')
  const wrong = await run('set', '--accent', 'red')
  expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringContaining('must be a colour as #rrggbb')])
  expect((await run('set', '--logo', '/nowhere.png')).stderr).toContain('cannot be read')
  expect((await run('get', '--organization', 'nobody')).status).toBe(1)
  expect((await run('reset', 'colour')).stderr).toContain('There is no field colour')
  expect(JSON.parse((await run('reset', 'name', '--json')).stdout)).toMatchObject({ name: null, radius: 12 })
  expect(JSON.parse((await run('reset', '--json')).stdout)).toMatchObject({ radius: null })
})
