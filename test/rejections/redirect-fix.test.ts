import { describe, expect, test } from 'vitest'
import { redirectUriProblem } from '../../src/clients/redirect-uris/redirect-uris.ts'
import { align, type Segment } from '../../src/rejections/alignment.ts'
import { redirectFix } from '../../src/rejections/redirect-fix.ts'

const registered = ['https://app.example/callback', 'http://localhost:3000/callback']

describe('one click is offered for what stays with the same app', () => {
  test.each([
    ['https://app.example/callback/', 'trailing_slash', 'https://app.example/callback'],
    ['https://app.example/Callback', 'path_case', 'https://app.example/callback'],
    ['http://localhost:5173/callback', 'loopback_port', 'http://localhost:3000/callback'],
    ['http://localhost/callback', 'loopback_port', 'http://localhost:3000/callback'],
    ['http://localhost:3000/callback/', 'trailing_slash', 'http://localhost:3000/callback'],
    ['https://app.example/auth/callback', 'path', 'https://app.example/callback'],
  ])('%s', (sent, kind, beside) => {
    expect(redirectFix(sent, registered)).toEqual({ kind, add: sent, beside })
    expect(redirectUriProblem(sent, 'web')).toBeUndefined()
  })

  test('the root with and without its slash', () => {
    expect(redirectFix('https://app.example', ['https://app.example/'])?.kind).toBe('trailing_slash')
    expect(redirectFix('https://app.example/', ['https://app.example'])?.kind).toBe('trailing_slash')
  })

  test('not for what is registered already, and not where nothing is', () => {
    expect(redirectFix('https://app.example/callback', registered)).toBeUndefined()
    expect(redirectFix('https://app.example/callback', [])).toBeUndefined()
  })
})

describe('9700 2.1: one click is never offered for another host, http, a wildcard, or what hides where it leads', () => {
  test.each([
    'http://app.example/callback',
    'https://evil.example/callback',
    'https://evil.app.example/callback',
    'https://app.example.evil.example/callback',
    'https://app.example:8443/callback',
    'https://app.example:443/callback',
    'https://app.example@evil.example/callback',
    'https://user:secret@app.example/callback',
    'https://@app.example/callback',
    'https://APP.example/callback',
    'HTTPS://app.example/callback',
    'https://app.example./callback',
    'https://app.example%2eevil.example/callback',
    'https://app.example\\@evil.example/callback',
    'https:\\\\app.example\\callback',
    'https:/app.example/callback',
    'https:app.example/callback',
    '//app.example/callback',
    '/callback',
    'callback',
    '',
    ' https://app.example/callback',
    'https://app.example/callback ',
    'https://app.example/callback\n',
    'https://app.example/call\tback',
    'https://app.example/callback\u0000',
    'https://app.example/callback%00',
    'https://app.example/callback%0d%0aSet-Cookie:x=y',
    'https://app.example/*',
    'https://*.app.example/callback',
    'https://app.example/call*',
    'https://app.example/callback#fragment',
    'https://app.example/callback#',
    'https://app.example/callback?next=https://evil.example',
    'https://app.example/callback?',
    'https://app.example/x/../callback/',
    'https://app.example/./callback/',
    'https://app.example/x/%2e%2e/callback',
    'https://app.example/..%2f..%2fcallback',
    'https://app.example/%5cevil.example',
    'https://app.example//evil.example/callback',
    'https://app.example/callback%252f',
    'https://app.example/@evil.example',
    'https://app.example/"><script>alert(1)</script>',
    'https://app.exаmple/callback',
    'https://xn--app-exmple-abc.example/callback',
    'https://ａpp.example/callback',
    'https://app.example/cällback',
    'javascript:alert(1)//app.example/callback',
    'data:text/html,https://app.example/callback',
    'com.example.app:/callback',
    'http://127.0.0.1:3000/callback',
    'http://[::1]:3000/callback',
    'https://localhost:3000/callback',
    'http://localhost.evil.example:3000/callback',
    'http://localhost:3000@evil.example/callback',
    'http://0.0.0.0:3000/callback',
    'http://2130706433:3000/callback',
    'http://localhost:5173/other',
    `https://app.example/${'x'.repeat(2000)}/…`,
  ])('%j', (sent) => {
    expect(redirectFix(sent, registered)).toBeUndefined()
  })

  test('whatever is offered could be registered by hand, and is on a host that is registered', () => {
    const parts = [
      '/',
      '//',
      '\\',
      '@',
      ':',
      '443',
      '?',
      '#',
      '%2e',
      '..',
      'callback',
      'evil.example',
      '*',
      ' ',
    ]
    let offered = 0
    for (const a of parts)
      for (const b of parts)
        for (const c of parts)
          for (const start of [
            'https://app.example',
            'http://localhost:3000',
            'http://app.example',
            'https:',
          ]) {
            const sent = `${start}${a}${b}${c}`
            const fix = redirectFix(sent, registered)
            if (fix === undefined) continue
            offered++
            expect([sent, redirectUriProblem(sent, 'web')]).toEqual([sent, undefined])
            expect(['app.example', 'localhost']).toContain(new URL(sent).hostname)
            expect(new URL(sent).origin).toBe(new URL(fix.beside).origin)
          }
    expect(offered).toBeGreaterThan(10)
  })
})

describe('what was sent is laid over what is registered', () => {
  const text = (segments: Segment[], side: 'sent' | 'registered') =>
    segments
      .map((part) => {
        if (part.kind === 'same') return part.text
        if (part.kind === 'changed') return side === 'sent' ? part.text : part.registered
        return (part.kind === 'added') === (side === 'sent') ? part.text : ''
      })
      .join('')

  test.each<[string, string, Segment[]]>([
    [
      'https://app.example/cb/',
      'https://app.example/cb',
      [
        { kind: 'same', text: 'https://app.example/cb' },
        { kind: 'added', text: '/' },
      ],
    ],
    [
      'http://app.example/cb',
      'https://app.example/cb',
      [
        { kind: 'same', text: 'http' },
        { kind: 'missing', text: 's' },
        { kind: 'same', text: '://app.example/cb' },
      ],
    ],
    [
      'http://localhost:5173/cb',
      'http://localhost:3000/cb',
      [
        { kind: 'same', text: 'http://localhost:' },
        { kind: 'changed', text: '5173', registered: '3000' },
        { kind: 'same', text: '/cb' },
      ],
    ],
    [
      'http://localhost:5173/cb',
      'http://localhost:41873/cb',
      [
        { kind: 'same', text: 'http://localhost:' },
        { kind: 'changed', text: '5173', registered: '41873' },
        { kind: 'same', text: '/cb' },
      ],
    ],
    ['same', 'same', [{ kind: 'same', text: 'same' }]],
    ['', 'x', [{ kind: 'missing', text: 'x' }]],
    ['x', '', [{ kind: 'added', text: 'x' }]],
    ['', '', []],
  ])('%s over %s', (sent, expected, segments) => {
    expect(align(sent, expected)).toEqual(segments)
  })

  test('both texts can be read off it, whatever they are', () => {
    const letters = 'ab/:'
    const word = (number: number) =>
      [...number.toString(4).padStart(5, '0')].map((digit) => letters[Number(digit)]).join('')
    for (let i = 0; i < 1024; i += 7)
      for (let j = 0; j < 1024; j += 31) {
        const [sent, expected] = [word(i), word(j)]
        const segments = align(sent, expected)
        expect([text(segments, 'sent'), text(segments, 'registered')]).toEqual([sent, expected])
      }
    const emoji = align('https://app.example/🔑', 'https://app.example/🗝')
    expect(emoji.at(-1)).toEqual({ kind: 'changed', text: '🔑', registered: '🗝' })
  })

  test('long texts are one change, and cost no more than that', () => {
    const segments = align('a'.repeat(2000), 'b'.repeat(2000))
    expect(segments).toEqual([{ kind: 'changed', text: 'a'.repeat(2000), registered: 'b'.repeat(2000) }])
  })
})
