import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pageText } from '../../src/http/pages/views.ts'
import { buildHttpApp } from './http-app.ts'

let app: FastifyInstance
beforeAll(async () => {
  app = await buildHttpApp()
})
afterAll(() => app.close())

const register = (
  errors: Record<string, string>,
  also: { labels?: Record<string, string>; values?: Record<string, string> } = {},
) =>
  pageText(app, 'accounts/register', {
    action: '/register',
    names: [{ name: 'given_name', label: 'First name', autocomplete: 'given-name' }],
    passwordMinLength: 12,
    providers: [],
    signInHref: '/login',
    errors,
    ...also,
  })

const alerts = (body: string) => [...body.matchAll(/<(p|div) class="alert"[^>]*>(.*?)<\/\1>/gs)]
const text = (html = '') =>
  html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
const entries = (body: string) => [...body.matchAll(/<li>(.*?)<\/li>/gs)].map(([, each]) => text(each))
const focused = (body: string) =>
  [...body.matchAll(/<input id="([^"]+)"[^>]*\sautofocus[\s>]/g)].map(([, id]) => id)

const WRONG = { password: 'Too short.', given_name: 'Too long.', username: 'Taken.' }

test('what is wrong in a form is listed in the order of its fields, and the first of them has the focus', async () => {
  const body = await register(WRONG)
  expect(entries(body)).toEqual(['Username : Taken.', 'Password : Too short.', 'First name : Too long.'])
  expect(focused(body)).toEqual(['field-username'])
  expect(focused(await register({}))).toEqual(['field-username'])
  expect(focused(await register({ given_name: 'Too long.', password: 'Too short.' }))).toEqual([
    'field-password',
  ])
  expect(body).not.toMatch(/data-(field|label|wrong|summary)/)
})

test('what is wrong with the only field is said beside it alone', async () => {
  const body = await register({ password: 'Too short.' })
  expect(alerts(body)).toEqual([])
  expect(body).toContain('id="field-password-error">Too short.</small>')
})

test('what is wrong with a field that the form lacks is said above it, by the label of the field', async () => {
  const [only, ...more] = alerts(await register({ phone_number: 'Not <b>one</b>.' }))
  expect(more).toEqual([])
  expect(only?.[2]).toBe('<b>Phone number</b>: Not &lt;b&gt;one&lt;/b&gt;.')
  const named = await register({ jwks_uri: 'must be https' }, { labels: { jwks_uri: 'Address of its keys' } })
  expect(text(alerts(named)[0]?.[2])).toBe('Address of its keys : must be https')
  const unnamed = await register({ jwks_uri: 'must be https' })
  expect(text(alerts(unnamed)[0]?.[2])).toBe('Jwks URI : must be https')
})

test('among others, such a field comes last and leads nowhere', async () => {
  const body = await register({ phone_number: 'None.', ...WRONG })
  expect(entries(body)).toEqual([
    'Username : Taken.',
    'Password : Too short.',
    'First name : Too long.',
    'Phone number : None.',
  ])
  expect(body).not.toContain('href="#field-phone_number"')
})

test('what was typed is never taken for a mark of ours', async () => {
  const typed = ' data-wrong="" autofocus <li data-field="x">'
  const body = await register({ email: 'Not an address.' }, { values: { email: typed, username: typed } })
  const escaped = ' data-wrong=&quot;&quot; autofocus &lt;li data-field=&quot;x&quot;&gt;'
  expect(body.split(`value="${escaped}"`)).toHaveLength(3)
})
