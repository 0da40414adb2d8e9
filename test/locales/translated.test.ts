import { describe, expect, test } from 'vitest'
import { compareHashes, hashesAfter, staleTranslations } from '../../scripts/checks/translated.ts'

const ENGLISH = { 'a.one': 'One', 'a.two': 'Two', 'b.three': 'Three' }
const kept = hashesAfter(ENGLISH, {}, [])

describe('translations of another English', () => {
  test('an English text that changes alone is named, until a translator has looked', () => {
    const changed = { ...ENGLISH, 'a.two': 'Two of them' }
    expect(compareHashes(ENGLISH, kept)).toEqual({ unknown: [], changed: [], gone: [] })
    expect(compareHashes(changed, kept).changed).toEqual(['a.two'])
    // Keeping the hashes of new texts looks at none of the others.
    const unlooked = hashesAfter(changed, kept, [])
    expect(compareHashes(changed, unlooked).changed).toEqual(['a.two'])
    expect(compareHashes(changed, hashesAfter(changed, unlooked, ['a.one', 'b.'])).changed).toEqual(['a.two'])
    expect(compareHashes(changed, hashesAfter(changed, unlooked, ['a.two'])).changed).toEqual([])
    expect(compareHashes(changed, hashesAfter(changed, unlooked, ['a.'])).changed).toEqual([])
  })

  test('a new text has to be kept, and one that is gone to be dropped', () => {
    const { 'b.three': _, ...others } = ENGLISH
    const now = { ...others, 'b.four': 'Four' }
    expect(compareHashes(now, kept)).toEqual({ unknown: ['b.four'], changed: [], gone: ['b.three'] })
    expect(compareHashes(now, hashesAfter(now, kept, []))).toEqual({ unknown: [], changed: [], gone: [] })
  })

  test('there are none in this tree', () => {
    expect(staleTranslations()).toEqual([])
  })
})
