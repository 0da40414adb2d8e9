/** What is refused to callers who may less than an administrator is said of who they are, in their language. */
import { expect, test } from 'vitest'
import {
  type Limitable,
  refuseGuardingSettings,
  refuseHooks,
  refuseSplitProviders,
} from '../../src/admin/rest/machine.ts'
import { AppError } from '../../src/shared/errors.ts'
import { inLocale } from '../../src/shared/locales/texts.ts'

const MACHINE: Limitable = { kind: 'machine' }
const PERSON: Limitable = { kind: 'person', full: false }

function refusal(tag: string, work: () => void): { said: string; logged: string } {
  try {
    work()
  } catch (error) {
    if (error instanceof AppError)
      return { said: inLocale(tag, () => error.publicMessage), logged: error.message }
  }
  throw new Error('nothing was refused')
}

test('who is refused is named', () => {
  expect(refusal('en', () => refuseHooks(MACHINE)).said).toMatch(/^A client cannot change hooks, /)
  expect(refusal('en', () => refuseHooks(PERSON)).said).toMatch(/^Your role cannot change hooks, /)
})

test('a German page says it in German, and the log in English', () => {
  expect(refusal('de', () => refuseHooks(PERSON))).toEqual({
    said: 'Ihre Rolle kann keine Hooks ändern: Sie schützen Anmeldungen. Ein Administrator kann es, in der Konsole oder mit der Befehlszeile.',
    logged:
      'Your role cannot change hooks, by which sign-ins are guarded. An administrator can, in the console or by command line.',
  })
})

test('what is filled in comes out as it is', () => {
  const settings = [{ name: 'sms_url' as const, guards: true }]
  expect(refusal('de', () => refuseGuardingSettings(MACHINE, ['sms_url'], settings)).said).toMatch(
    /^Ein Client kann sms_url nicht ändern: /,
  )
  const split = { kind: 'github', settings: { url: 'https://a.example', api_url: 'https://b.example' } }
  for (const tag of ['en', 'de'])
    expect(refusal(tag, () => refuseSplitProviders(MACHINE, split)).said).toContain('<url>/api/v3')
})
