import { describe, expect, test } from 'vitest'
import { hasPrivateUseScheme, redirectUriProblem } from '../../src/clients/redirect-uris/redirect-uris.ts'

describe('may be registered', () => {
  test.each([
    ['web', 'https://app.example/callback'],
    ['web', 'https://app.example'],
    ['web', 'https://app.example:8443/callback?tenant=a%2Fb&x=1'],
    ['web', 'https://xn--bcher-kva.example/cb'],
    ['web', 'https://192.0.2.7/cb'],
    ['web', 'https://intranet/cb'],
    ['web', 'https://app.example/a..b/.well-known/cb'],
    ['web', 'http://localhost/cb'],
    ['web', 'http://localhost:4000/cb'],
    ['web', 'http://127.0.0.1:4000/cb'],
    ['web', 'http://[::1]:4000/cb'],
    ['web', 'https://localhost:4000/cb'],
    ['native', 'com.example.app:/cb'],
    ['native', 'com.example.app://callback'],
    ['native', 'com.example.my-app:/oauth2/cb?x=1'],
    ['native', 'http://127.0.0.1/cb'],
    ['native', 'https://app.example/cb'],
  ] as const)('%s: %s', (type, uri) => {
    expect(redirectUriProblem(uri, type)).toBeUndefined()
  })
})

describe('is refused, with the reason', () => {
  test.each([
    ['web', '', /empty/],
    ['web', `https://app.example/${'a'.repeat(2000)}`, /longer than 2000/],
    ['web', 'localhost:4000/cb', /^lacks its scheme; write http:\/\/localhost:4000\/cb$/],
    ['native', 'app.example:8443', /^lacks its scheme; write https:\/\/app\.example:8443$/],
    ['web', 'https://app.example/cb#', /fragment/],
    ['web', 'https://app.example/cb#x', /fragment/],
    ['web', 'https://*.app.example/cb', /wildcard/],
    ['web', 'https://app.example/*', /wildcard/],
    ['web', 'https://user@app.example/cb', /user name/],
    ['web', 'https://app.example@evil.example/cb', /user name/],
    ['web', 'https://user:pass@app.example/cb', /user name/],
    ['web', 'https://@app.example/cb', /user name/],
    ['native', 'com.example.app://user@x/cb', /user name/],
    ['web', 'javascript:alert(1)', /javascript: scheme/],
    ['native', 'JavaScript:alert(1)', /javascript: scheme/],
    ['native', 'data:text/html,x', /data: scheme/],
    ['native', 'vbscript:x', /vbscript: scheme/],
    ['native', 'file:///etc/passwd', /file: scheme/],
    ['native', 'blob:https://app.example/x', /blob: scheme/],
    ['native', 'filesystem:https://app.example/x', /filesystem: scheme/],
    ['native', 'view-source:https://app.example/x', /view-source: scheme/],
    ['native', 'about:blank', /about: scheme/],
    ['web', '/callback', /relative/],
    ['web', '//app.example/cb', /relative/],
    ['web', 'app.example/cb', /relative/],
    ['web', ' https://app.example/cb', /white space/],
    ['web', 'https://app.example/c b', /white space/],
    ['web', 'https://app.example/cb\n', /white space/],
    ['native', 'java\tscript:alert(1)', /white space/],
    ['web', 'https://app.example/cb\u0000', /control/],
    ['web', 'https://app.example/cb%00', /control/],
    ['web', 'https://app.example/cb?x=%0d%0aSet-Cookie', /control/],
    ['web', 'https://app.example/ünter', /outside ASCII/],
    ['web', 'https://bücher.example/cb', /outside ASCII/],
    ['web', 'https://app.example\\@evil.example/cb', /backslash/],
    ['web', 'https:\\\\app.example/cb', /backslash/],
    ['web', 'https://app.example/a/../cb', /\.\. segments/],
    ['web', 'https://app.example/cb/..', /\.\. segments/],
    ['web', 'https://app.example/./cb', /\.\. segments/],
    ['web', 'https://app.example/%2e%2e/cb', /percent-encoded dot/],
    ['web', 'https://app.example/a%2E/cb', /percent-encoded dot/],
    ['web', 'https://app.example/a%2fb', /percent-encoded slash/],
    ['web', 'https://app.example/a%5cb', /percent-encoded slash/],
    ['web', 'https://app.example/%zz', /two hexadecimal/],
    ['native', 'com.example.app:/a/../cb', /\.\. segments/],
    ['web', 'HTTPS://app.example/cb', /capitals/],
    ['web', 'https://APP.example/cb', /unusual way/],
    ['web', 'https://app.example:443/cb', /unusual way/],
    ['web', 'https://app%2eexample/cb', /percent-encoded host/],
    ['web', 'https://0x7f.1/cb', /unusual way/],
    ['web', 'https://app.example./cb', /trailing dot/],
    ['web', 'http://2130706433/cb', /unusual way/],
    ['web', 'http://localhost./cb', /trailing dot/],
    ['web', 'https:app.example/cb', /lacks \/\//],
    ['web', 'https:///app.example/cb', /unusual way|valid/],
    ['web', 'https://app.example:99999/cb', /valid URI/],
    ['web', 'http://app.example/cb', /use https/],
    ['web', 'http://127.0.0.2/cb', /use https/],
    ['web', 'http://localhost.evil.example/cb', /use https/],
    ['web', 'http://app.localhost/cb', /use https/],
    ['web', 'com.example.app:/cb', /private-use/],
    ['web', 'ftp://app.example/cb', /private-use/],
    ['native', 'myapp:/cb', /no dot/],
    ['native', 'ftp://app.example/cb', /no dot/],
    ['native', 'com.example.app:cb', /lacks \/ after/],
    ['native', 'com.example.app:', /lacks \/ after/],
    ['native', 'Com.Example.App:/cb', /capitals/],
    ['native', 'https://localhost/cb', /use http there/],
    ['native', 'http://app.example/cb', /use https/],
  ] as const)('%s: %j', (type, uri, reason) => {
    expect(redirectUriProblem(uri, type)).toMatch(reason)
  })
})

test('http in capitals is no scheme of an app', () => {
  expect(['HTTP://app.example/cb', 'Https://app.example/cb'].map(hasPrivateUseScheme)).toEqual([false, false])
  expect(hasPrivateUseScheme('com.example.app:/cb')).toBe(true)
})
