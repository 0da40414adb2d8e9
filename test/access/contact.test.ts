import { expect, test } from 'vitest'
import { contactOf } from '../../src/interactions/no-access.ts'

test.each([
  ['', undefined],
  ['help@example.org', { text: 'help@example.org', href: 'mailto:help@example.org' }],
  ['https://help.example/ask', { text: 'https://help.example/ask', href: 'https://help.example/ask' }],
  ['the help desk, room 12', { text: 'the help desk, room 12.' }],
  ['Call 4711!', { text: 'Call 4711!' }],
  ['内線12まで。', { text: '内線12まで。' }],
  ['内線12まで', { text: '内線12まで' }],
  ['请联系服务台', { text: '请联系服务台' }],
  ['http://help.example/ask', { text: 'http://help.example/ask' }],
  ['tel:+49-30-1234', { text: 'tel:+49-30-1234' }],
  ['Ask at http://help.example', { text: 'Ask at http://help.example' }],
  ['Anna: room 12', { text: 'Anna: room 12.' }],
  ['+49 30 1234-0', { text: '+49 30 1234-0' }],
  ['Help desk, +49 30 1234', { text: 'Help desk, +49 30 1234' }],
])('whom to ask is followed, or said in words that end before the next sentence: %j', (setting, contact) => {
  expect(contactOf(setting)).toEqual(contact)
})
