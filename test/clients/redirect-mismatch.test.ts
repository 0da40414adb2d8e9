import { describe, expect, test } from 'vitest'
import { explainRedirectMismatch } from '../../src/clients/redirect-uris/mismatch.ts'

const registered = 'https://app.example/callback'

describe('says what differs', () => {
  test.each([
    ['https://app.example/callback/', /^a trailing slash was added$/],
    ['http://app.example/callback', /^http for https$/],
    ['https://app.example:8443/callback', /^port 8443 for \(none\)$/],
    ['https://app.example:443/callback', /^the default port is written out$/],
    ['https://app.example/Callback', /^upper or lower case in the path$/],
    ['https://APP.example/callback', /^upper or lower case$/],
    ['https://app.example/callback?x=1', /^a query string was added$/],
    ['https://app.example/callback#x', /^a fragment/],
    ['https://evil.example/callback', /^host evil\.example for app\.example$/],
    ['https://www.app.example/callback', /^host www\.app\.example for app\.example$/],
    ['https://app.example@evil.example/callback', /user name before the host.*; host evil\.example/],
    ['https://app.example/callback/more', /^path \/callback\/more for \/callback$/],
    ['https://app.example/x/../callback', /segments in the path/],
    ['https://app.example/x/%2e%2e/callback', /segments in the path/],
    ['https://app.example/callb%61ck', /percent-encoding in the path/],
    ['https://app.example/callb%2561ck', /percent-encoded twice/],
    [' https://app.example/callback ', /white space/],
    ['callback', /not a valid URI/],
    ['', /empty/],
    ['http://app.example:8080/callback/', /^http for https; a trailing slash was added$/],
    ['com.example.app:/callback', /com\.example\.app for https/],
  ])('%j', (sent, reason) => {
    expect(explainRedirectMismatch(sent, [registered])).toEqual({
      reason: expect.stringMatching(reason),
      closest: registered,
    })
  })

  test.each([
    ['https://app.example/cb', 'https://app.example/cb/', /^the trailing slash is missing$/],
    ['https://app.example', 'https://app.example/', /^the trailing slash is missing$/],
    ['https://app.example/cb', 'https://app.example/cb?tenant=1', /^the query string is missing$/],
    ['https://app.example/cb?b=2&a=1', 'https://app.example/cb?a=1&b=2', /another order/],
    ['https://app.example/cb?a=2', 'https://app.example/cb?a=1', /^another query string$/],
    ['http://127.0.0.1:4000/cb', 'http://localhost:4000/cb', /^host 127\.0\.0\.1 for localhost$/],
    ['https://app.example/a%2520b', 'https://app.example/a%20b', /percent-encoded twice/],
  ])('%j for %j', (sent, expected, reason) => {
    expect(explainRedirectMismatch(sent, [expected]).reason).toMatch(reason)
  })
})

test('names the registered URI that is nearest', () => {
  const uris = ['https://other.example/cb', 'http://localhost:3000/cb', 'https://app.example/cb']
  expect(explainRedirectMismatch('https://app.example/cb/', uris).closest).toBe('https://app.example/cb')
  expect(explainRedirectMismatch('http://localhost:5173/cb', uris)).toEqual({
    reason: 'port 5173 for 3000',
    closest: 'http://localhost:3000/cb',
  })
})

test('says so when nothing is registered', () => {
  expect(explainRedirectMismatch('https://app.example/cb', [])).toEqual({
    reason: 'the client has no redirect URI registered',
    closest: undefined,
  })
})

test('holds a bounded part of what was sent', () => {
  const { reason } = explainRedirectMismatch(`https://app.example/${'x'.repeat(5000)}`, [registered])
  expect(reason.length).toBeLessThan(300)
})
