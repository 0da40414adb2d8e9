import { describe, expect, test } from 'vitest'
import { compiled } from '../../src/shared/locales/catalogue.ts'
import { acceptedLanguages, firstMatching, LOCALES, matching } from '../../src/shared/locales/locales.ts'
import { currentLocale, html, inLocale, setLocale, t } from '../../src/shared/locales/texts.ts'

describe('the language that a tag asks for (RFC 4647 §3.4)', () => {
  test.each([
    ['de', 'de'],
    ['DE-at', 'de'],
    ['de-Latn-CH-1996', 'de'],
    ['en-GB', 'en'],
    ['pt', 'pt-BR'],
    ['pt-PT', 'pt-BR'],
    ['zh', 'zh-CN'],
    ['zh-Hans-SG', 'zh-CN'],
    ['ar-EG', 'ar'],
    ['xx', undefined],
    ['', undefined],
    ['*', undefined],
    ['../de', undefined],
    ['constructor', undefined],
    ['__proto__', undefined],
    ['zh-Hant', undefined],
    ['zh-TW', undefined],
    ['de;q=1', undefined],
    [`de-${'a'.repeat(3000)}`, undefined],
  ])('%s → %s', (range, tag) => {
    expect(matching(range)).toBe(tag)
  })

  test('each of ours is its own', () => {
    for (const { tag } of LOCALES) expect(matching(tag.toUpperCase())).toBe(tag)
  })
})

describe('Accept-Language (RFC 9110 §12.5.4)', () => {
  test.each([
    ['de-AT, de;q=0.9, en;q=0.8', ['de-AT', 'de', 'en']],
    ['en;q=0.5, de', ['de', 'en']],
    ['en;q=0, de;q=0.1, *;q=0.5', ['de']],
    ['en;q=nonsense, de', ['de']],
    ['en;q=7, de;q=-1', []],
    [undefined, []],
    [',,;;,', []],
  ])('%s', (header, languages) => {
    expect(acceptedLanguages(header)).toEqual(languages)
  })

  test('a header of any length is read to its first twenty ranges', () => {
    expect(acceptedLanguages('xx,'.repeat(100_000)).length).toBe(20)
    expect(firstMatching(acceptedLanguages(`${'xx,'.repeat(25)}de`))).toBeUndefined()
  })
})

describe('a text', () => {
  test('is English outside of a request, and in the language of what runs inside', async () => {
    expect(t('signIn.submit')).toBe('Sign in')
    await inLocale('de', async () => {
      await Promise.resolve()
      expect(t('signIn.submit')).toBe('Anmelden')
      setLocale('en')
      expect(t('signIn.submit')).toBe('Sign in')
    })
    expect(currentLocale()).toBe('en')
  })

  test('the language is looked for once, and only when a text is asked for', () => {
    let looked = 0
    const find = () => {
      looked++
      return 'de'
    }
    inLocale(find, () => undefined)
    expect(looked).toBe(0)
    inLocale(find, () => [t('signIn.submit'), t('signIn.title')])
    expect(looked).toBe(1)
  })

  test('as HTML: what fills it is escaped, and so are addresses and the text itself', () => {
    expect(html('client.continue', { client: '<script>"Q&A"' })).toBe(
      'to continue to <b>&lt;script&gt;&quot;Q&amp;A&quot;</b>',
    )
    expect(html('common.new', {}, { register: '/register?a="&b=<' })).toBe(
      'New here? <a href="/register?a=&quot;&amp;b=&lt;">Create account</a>',
    )
    expect(html('signIn.forgot')).toBe('Forgot password?')
    // A name that looks like a placeholder is filled in nowhere.
    expect(html('client.continue', { client: '{client}' })).toBe('to continue to <b>{client}</b>')
  })

  test('what fills a text from right to left stands for itself', () => {
    const said = inLocale('ar', () => html('client.continue', { client: '<Harbour>' }))
    expect(said).toContain('\u2068&lt;Harbour&gt;\u2069')
    expect(inLocale('de', () => html('client.continue', { client: 'Harbour' }))).not.toContain('\u2068')
  })

  test('a placeholder that is not filled is an error, and no gap', () => {
    expect(() => t('common.returnTo')).toThrow()
  })

  test('plural forms are those of the language', () => {
    const plural = compiled('{n, plural, one {# plik} few {# pliki} many {# plików} other {# pliku}}', 'pl')
    expect([1, 2, 5, 22, 1.5].map((n) => plural({ n }).join(''))).toEqual([
      '1 plik',
      '2 pliki',
      '5 plików',
      '22 pliki',
      '1,5 pliku',
    ])
  })
})
