import { expect, test } from 'vitest'
import { toSeconds } from '../../src/shared/clock.ts'
import { inLocale } from '../../src/shared/locales/texts.ts'
import {
  agoInWords,
  dayOf,
  distanceInWords,
  durationInWords,
  isoDay,
  timeOf,
} from '../../src/shared/moment.ts'

test.each([
  [86_400, '24 hours'],
  [172_800, '2 days'],
  [3600, '1 hour'],
  [3601, '60 minutes'],
  [5400, '90 minutes'],
  [7199, '119 minutes'],
  [900, '15 minutes'],
  [60, '1 minute'],
  [45, '45 seconds'],
])('what lasts %i seconds lasts %s', (seconds, words) => {
  expect(durationInWords(seconds)).toBe(words)
})

test.each([
  [0, '0 seconds'],
  [1, '1 second'],
  [59, '59 seconds'],
  [60, '1 minute'],
  [3599, '1 hour'],
  [3600, '1 hour'],
  [7200, '2 hours'],
  [86_399, '1 day'],
])('what is %i seconds away is %s away', (seconds, words) => {
  expect(distanceInWords(seconds)).toBe(words)
})

test('days and times are those of UTC', () => {
  const time = Date.UTC(2026, 10, 3, 23, 5, 59)
  expect([dayOf(time), timeOf(time), isoDay(time)]).toEqual(['3 November 2026', '23:05 UTC', '2026-11-03'])
})

test('in another language, they are said in it', () => {
  const time = Date.UTC(2026, 10, 3, 23, 5, 59)
  inLocale('de', () => {
    expect([dayOf(time), durationInWords(86_400), distanceInWords(3600)]).toEqual([
      '3. November 2026',
      '24 Stunden',
      '1 Stunde',
    ])
  })
  expect(dayOf(time)).toBe('3 November 2026')
})

test('seconds since the epoch are whole, of a number and of a date; no time has none', () => {
  expect([toSeconds(1999), toSeconds(new Date(2000)), toSeconds(null)]).toEqual([1, 2, null])
})

test.each([
  [0, 'now', 'jetzt'],
  [-0.9, 'now', 'jetzt'],
  [-1, '1 second ago', 'vor 1 Sekunde'],
  [-59, '59 seconds ago', 'vor 59 Sekunden'],
  [-60, '1 minute ago', 'vor 1 Minute'],
  [-3599, '59 minutes ago', 'vor 59 Minuten'],
  [-3 * 3600, '3 hours ago', 'vor 3 Stunden'],
  [-47 * 3600, '1 day ago', 'vor 1 Tag'],
  [-40 * 86_400, '1 month ago', 'vor 1 Monat'],
  [-800 * 86_400, '2 years ago', 'vor 2 Jahren'],
  [2 * 86_400 + 5, 'in 2 days', 'in 2 Tagen'],
])('what is %i seconds from now is said to be %s', (seconds, english, german) => {
  const now = Date.UTC(2026, 10, 3)
  expect(agoInWords(now + seconds * 1000, now)).toBe(english)
  inLocale('de', () => expect(agoInWords(now + seconds * 1000, now)).toBe(german))
})
