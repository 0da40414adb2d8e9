import { expect, test } from 'vitest'
import type { Mail } from '../../src/mail/data.ts'
import { AS_IT_SHIPS } from '../../src/mail/look.ts'
import { createMailTemplates } from '../../src/mail/templates.ts'
import { LOCALES } from '../../src/shared/locales/locales.ts'
import { inLocale, t } from '../../src/shared/locales/texts.ts'
import { contrast, tokens } from '../support/contrast.ts'
import { SAMPLE_MAILS, SAMPLES } from './samples.ts'

const render = createMailTemplates({ issuer: 'https://id.example.com' })
const inLanguage = (tag: string, mail: Mail) => inLocale(tag, () => render(mail))

/** RFC 3676 §4.1, DelSp=yes. */
const joined = (text: string) => text.replaceAll(/(?<!^--) \n/gm, '').replaceAll(/^ /gm, '')
const body = (html: string) => html.slice(html.indexOf('<h1'))
/** Han and kana one by one: no space is between a word in them and a name. */
const WORDS =
  /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]|[[\p{L}\p{N}]--[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]]+/gv
const words = (text: string) => text.replaceAll(/https?:\S+/g, '').match(WORDS) ?? []
const shownIn = (html: string) =>
  body(html)
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&amp;', '&')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')

const each = LOCALES.flatMap(({ tag }) => SAMPLE_MAILS.map((mail) => [tag, mail.template, mail] as const))

test.each(each)('%s: %s says the same as text and as HTML, and leaves nothing unfilled', (tag, _, mail) => {
  const { subject, text, html, language } = inLanguage(tag, mail)
  expect(language).toBe(tag)
  expect(html).toContain(`<html lang="${tag}" dir="`)
  expect(`${subject}${text}${html}`).not.toMatch(
    /undefined|\[object|<%|NaN|[{}]\w+\}|(?<![\p{L}-])mail\.[a-z]/u,
  )
  expect(subject).toContain('id.example.com')
  expect(text).not.toMatch(/[?？؟]\p{Bidi_Control}*\s?[:：]/u)

  // Every word of either is in the other.
  const [inText, inHtml] = [new Set(words(joined(text))), new Set(words(shownIn(html)))]
  const copy = new Set(words(inLocale(tag, () => t('mail.copy'))))
  expect([...inText].filter((word) => !inHtml.has(word))).toEqual([])
  expect([...inHtml].filter((word) => !inText.has(word) && !copy.has(word))).toEqual([])

  for (const value of Object.values(mail.data as Record<string, unknown>))
    if (
      typeof value === 'string' &&
      !/^(totp|passkey|second_factor|password_and_second_factor|saved)$/.test(value)
    ) {
      expect(joined(text)).toContain(value)
      expect(html).toContain(value)
    }
})

test.each(each)(
  '%s: %s: the code comes first, one link last, and neither in the subject',
  (tag, template, mail) => {
    const { subject, text, html } = inLanguage(tag, mail)
    const links = new Set([...html.matchAll(/href="([^"]+)"/g)].map(([, link]) => link))
    // What stops a recovery must not be hidden behind what finishes it.
    expect(links.size).toBe(template === 'recovery-ready' ? 2 : 1)
    const blocks = text.trimEnd().split('\n\n')
    for (const link of links) expect(blocks.slice(-1 - links.size, -1).join('\n')).toContain(link)
    expect(blocks.at(-1)).toMatch(/^-- \n/)
    if ('code' in mail.data) {
      expect(joined(blocks[1] ?? '').trim()).toBe(mail.data.code)
      const preview = html.slice(html.indexOf('<body'), html.indexOf('<table'))
      expect(`${subject}${preview}`).not.toContain(mail.data.code)
    }
    if ('username' in mail.data) expect(subject).not.toMatch(/\bada\b/)
  },
)

test.each(each)('%s: %s: no line of the text is longer than a mail may have it', (tag, _, mail) => {
  const lines = inLanguage(tag, mail).text.split('\n')
  // RFC 3676 §4.2; links stay whole.
  for (const line of lines.filter((each) => !each.includes('://')))
    expect(line.length).toBeLessThanOrEqual(78)
})

test('German mails hold no sentence of the English ones', () => {
  for (const mail of SAMPLE_MAILS) {
    const german = new Set(joined(inLanguage('de', mail).text).split(/(?<=[.:?])\s+/))
    const english = joined(inLanguage('en', mail).text).split(/(?<=[.:?])\s+/)
    const both = english.filter((sentence) => / /.test(sentence.trim()) && german.has(sentence))
    expect(both, mail.template).toEqual([])
  }
})

test('times, durations, methods and factors are words of the language', () => {
  const german = (template: keyof typeof SAMPLES) =>
    joined(inLanguage('de', SAMPLE_MAILS.find((mail) => mail.template === template) as Mail).text)
  expect(german('new-device')).toContain('Zeit: 22.11.2026, 14:05 UTC')
  expect(german('new-device')).toContain('Angemeldet mit: dem Passwort und einem zweiten Faktor')
  expect(german('sign-in-code')).toContain('gilt 10 Minuten')
  expect(german('factor-added')).toContain('Hinzugefügt: Eine Authenticator-App')
  expect(german('recovery-stopped')).toContain('Ein zweiter Faktor des Kontos wurde verwendet')
  const unknown = { ...SAMPLES['new-device'], device: undefined }
  const mail: Mail = { to: 'ada@example.org', template: 'new-device', data: unknown }
  expect(inLanguage('de', mail).text).toContain('Gerät: Unbekanntes Gerät')
  const provider = { ...SAMPLES['new-device'], how: 'provider' as const, provider: 'GitHub' }
  expect(inLanguage('de', { ...mail, data: provider }).text).toContain('Angemeldet mit: GitHub')
})

test('who invites where no person does is said in the language too', () => {
  const by = (template: 'invitation' | 'organization-invitation') =>
    joined(
      inLanguage('de', {
        to: 'ada@example.org',
        template,
        data: { ...SAMPLES[template], invitedBy: 'The administrator' },
      } as Mail).text,
    )
  expect(by('invitation')).toContain('Die Administration lädt Sie zu id.example.com ein.')
  expect(by('organization-invitation')).toContain('Die Administration lädt Sie ein')
})

test('mails that an earlier version queued, with durations and times in words, are still sent', () => {
  const old = [
    { template: 'reset-password', data: { ...SAMPLES['reset-password'], validFor: '60 minutes' } },
    { template: 'factor-added', data: { ...SAMPLES['factor-added'], factor: 'A passkey' } },
    {
      template: 'new-device',
      data: { ...SAMPLES['new-device'], at: '3 Nov 2026, 14:05 UTC', how: 'the password' },
    },
    {
      template: 'recovery-started',
      data: {
        username: 'ada',
        how: 'on 3 Nov',
        readyAt: '5 Nov',
        stopLink: 'https://x/s',
        resetLink: 'https://x/r',
      },
    },
    { template: 'recovery-stopped', data: { ...SAMPLES['recovery-stopped'], why: 'it was over' } },
  ]
  const texts = old.map((mail) =>
    joined(inLanguage('en', { to: 'a@b.example', ...mail } as unknown as Mail).text),
  )
  expect(texts[0]).toContain('once, for 60 minutes.')
  expect(texts[1]).toContain('Added: A passkey')
  expect(texts[2]).toContain('Time: 3 Nov 2026, 14:05 UTC')
  expect(texts[2]).toContain('Signed in with: the password')
  expect(texts[3]).toContain('from 5 Nov on')
  expect(texts.join()).not.toContain('undefined')
  expect(texts[4]).toContain('was stopped. Nothing was removed.')
})

test('what a person chose is no markup', () => {
  const data = { ...SAMPLES['app-password-added'], name: '<img src=x> & {b}', username: '<b>' }
  const { html, text } = inLanguage('en', { to: 'a@b.example', template: 'app-password-added', data })
  expect(html).not.toContain('<img')
  expect(html).toContain('&lt;img src=x&gt; &amp; {b}')
  expect(joined(text)).toContain('“<img src=x> & {b}” was created for your account <b> at')
})

test('the colours are those of the pages, light and dark, and can be read', () => {
  const { palette } = AS_IT_SHIPS
  for (const [name, pair] of Object.entries(palette))
    expect([name, ...pair]).toEqual([name, ...(tokens.get(name) ?? [])])
  for (const at of [0, 1]) {
    for (const [text, ground] of [
      ['ink', 'canvas'],
      ['ink', 'surface'],
      ['ink', 'sunken'],
      ['muted', 'canvas'],
      ['muted', 'surface'],
      ['accent', 'surface'],
      ['on-accent', 'accent'],
    ] as const)
      expect(
        contrast(palette[text][at] ?? '', palette[ground][at] ?? ''),
        `${text} on ${ground}`,
      ).toBeGreaterThanOrEqual(4.5)
  }
  const { html } = inLanguage('en', SAMPLE_MAILS[0] as Mail)
  const known = new Set<string>(Object.values(palette).flat())
  expect((html.match(/#[0-9a-f]{6}\b/gi) ?? []).filter((colour) => !known.has(colour))).toEqual([])
})
