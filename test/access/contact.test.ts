import { expect, test } from 'vitest'
import { contactOf } from '../../src/interactions/no-access.ts'

test.each([
  ['', undefined],
  ['help@example.org', { text: 'help@example.org', href: 'mailto:help@example.org' }],
  ['https://help.example/ask', { text: 'https://help.example/ask', href: 'https://help.example/ask' }],
  ['the help desk, room 12', { text: 'the help desk, room 12.' }],
  ['Call 4711!', { text: 'Call 4711!' }],
  ['内線12まで。', { text: '内線12まで。' }],
])('whom to ask is followed, or said in words that end before the next sentence: %j', (setting, contact) => {
  expect(contactOf(setting)).toEqual(contact)
})
