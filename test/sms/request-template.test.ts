import { describe, expect, test } from 'vitest'
import {
  filledRequest,
  isBodyTemplate,
  isHeadersTemplate,
  isUrlTemplate,
} from '../../src/http/outgoing/request-template.ts'

const HOSTILE = `a&b="x"}{to} +%2F\n\\|é`

describe('a value cannot become a part of another one', () => {
  test('in an address: path and query', () => {
    const { url, init } = filledRequest(
      { url: 'https://sms.example/{to}/send?text={text}&fixed=1', headers: '', body: '' },
      { to: '../../x?y#z', text: HOSTILE },
    )
    expect(init.method).toBe('GET')
    expect(url.pathname).toBe('/..%2F..%2Fx%3Fy%23z/send')
    expect(Object.fromEntries(url.searchParams)).toEqual({ text: HOSTILE, fixed: '1' })
    expect(url.hash).toBe('')
  })

  test('in a form', () => {
    const { init } = filledRequest(
      { url: 'https://sms.example/', headers: '', body: 'To={to}&Body=Code: {text}&From=+15005550006' },
      { to: '+44&From=x', text: HOSTILE },
    )
    expect(init.headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect([...new URLSearchParams(init.body)]).toEqual([
      ['To', '+44&From=x'],
      ['Body', `Code: ${HOSTILE}`],
      ['From', '+15005550006'],
    ])
  })

  test('in JSON, however deep', () => {
    const body = '{"to": ["{to}"], "message": {"text": "Code: {text}", "n": 1, "off": null}}'
    const { init } = filledRequest(
      { url: 'https://sms.example/', headers: '', body },
      { to: '+44', text: HOSTILE },
    )
    expect(init.headers['content-type']).toBe('application/json')
    expect(JSON.parse(init.body ?? '')).toEqual({
      to: ['+44'],
      message: { text: `Code: ${HOSTILE}`, n: 1, off: null },
    })
  })

  test('no name in braces that is in a value is filled in again', () => {
    const { init } = filledRequest(
      { url: 'https://sms.example/', headers: '', body: 'a={text}' },
      { text: '{secret}', secret: 's3cret' },
    )
    expect(init.body).toBe('a=%7Bsecret%7D')
  })
})

test('header fields are several, and none of those that say how a request is read', () => {
  const headers = 'Authorization: Bearer {secret} | X-Tenant: a b'
  const { init } = filledRequest({ url: 'https://sms.example/', headers, body: '' }, { secret: 's' })
  expect(init.headers).toEqual({ authorization: 'Bearer s', 'x-tenant': 'a b' })
  for (const bad of ['Host: x', 'content-length: 3', 'Cookie: a', 'no colon', 'X: a\nY: b', 'X : a'])
    expect([bad, isHeadersTemplate(bad)]).toEqual([bad, false])
})

test('an address has its origin written out', () => {
  for (const good of [
    'https://sms.example/send?to={to}',
    'http://127.0.0.1:8080/{to}',
    'https://sms.example/',
  ])
    expect([good, isUrlTemplate(good)]).toEqual([good, true])
  for (const bad of [
    'https://{to}.example/',
    'https://sms.example:{code}/',
    'https://user:pw@sms.example/',
    'ftp://sms.example/',
    'https://sms.example',
    'https://sms.example/#x',
    'https://sms.example/{To}',
    'sms.example/',
  ])
    expect([bad, isUrlTemplate(bad)]).toEqual([bad, false])
})

test('a body is JSON or a form', () => {
  for (const good of ['', '{"a":"{to}"}', '["{to}"]', 'a={to}', 'a[b]={to}&c='])
    expect([good, isBodyTemplate(good)]).toEqual([good, true])
  for (const bad of ['{"a":{to}}', 'text', '<xml/>', 'a=1&b'])
    expect([bad, isBodyTemplate(bad)]).toEqual([bad, false])
})
