import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { signedIn } from '../console.ts'
import { machine } from '../rest/support.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey?.stop())

const GERMAN = { 'accept-language': 'de' }

test('what is wrong with a client is said in the language of the page', async () => {
  const { browser } = await signedIn(latchkey, 'admin', GERMAN)
  const form = await browser.open(`${latchkey.issuer}/admin/clients/new?kind=web`)
  const wrong = { Name: 'Kontor', 'Redirect-URIs': 'https://app.example/#antwort' }
  const refused = await browser.submit(form, wrong, { button: 'Registrieren' })
  expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('hat ein Fragment (#…)')])
  const edit = await browser.open(
    `${latchkey.issuer}/admin/clients/${(await latchkey.createClient({ client_name: 'Kontor' })).client_id}/edit`,
  )
  const changed = await browser.submit(edit, { Startseite: 'http://app.example' }, { button: 'Speichern' })
  expect([changed.status, changed.text]).toEqual([422, expect.stringContaining('muss eine https-URL')])
})

test('a program is told in English, whatever language it asks for', async () => {
  const { rest } = await machine(latchkey)
  const client = {
    client_name: 'Office',
    client_uri: 'http://app.example',
    redirect_uris: ['https://app.example/#answer'],
  }
  const answers = await Promise.all([
    rest.post('/clients', { ...client, client_uri: undefined }, GERMAN),
    rest.post('/clients', { ...client, redirect_uris: ['https://app.example/cb'] }, GERMAN),
  ])
  expect(answers.map(({ status, json }) => [status, json.errors])).toEqual([
    [422, { redirect_uris: [expect.stringContaining('has a fragment')] }],
    [422, { client_uri: [expect.stringContaining('must be an https URL')] }],
  ])
})
