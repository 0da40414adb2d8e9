import { describe, expect, test } from 'vitest'
import { ACR, acrOf, addMethods, neededBy, reaches, strongest } from '../../src/shared/acr.ts'
import { requiredAcr } from '../../src/shared/second-factor-rule.ts'

describe('the class of a sign-in (Core §2, RFC 8176)', () => {
  test.each([
    [['pwd'], ACR.pwd],
    [['fed'], undefined],
    [addMethods(['pwd'], ['otp']), ACR.mfa],
    [addMethods(['fed'], ['otp']), ACR.mfa],
    [addMethods(['pwd'], ['recovery']), ACR.mfa],
    [addMethods(['pwd'], ['rba']), ACR.pwd],
    [addMethods(['pwd'], ['swk', 'user']), ACR.phr],
    [addMethods([], ['hwk', 'user', 'mfa']), ACR.phr],
    [addMethods([], ['hwk', 'user']), undefined],
    [undefined, undefined],
  ])('of %j is %s', (amr, acr) => expect(acrOf(amr)).toBe(acr))

  test('names each method once, and “mfa” where two factors were shown', () => {
    expect(addMethods(['pwd'], ['otp'])).toEqual(['pwd', 'otp', 'mfa'])
    expect(addMethods(['pwd', 'otp', 'mfa'], ['otp'])).toEqual(['pwd', 'otp', 'mfa'])
  })

  test('two methods of one factor are one factor', () => {
    expect(addMethods(['otp'], ['sms'])).toEqual(['otp', 'sms'])
  })

  test('what is shown takes the place of a remembered browser', () => {
    expect(addMethods(['pwd', 'rba'], ['otp'])).toEqual(['pwd', 'otp', 'mfa'])
  })
})

describe('what a sign-in needs', () => {
  test('an account with a second factor needs two factors, and a remembered browser stands in', () => {
    const needed = neededBy({ secondFactors: ['totp'] })
    expect(reaches(['pwd'], needed)).toBe(false)
    expect(reaches(['fed'], needed)).toBe(false)
    expect(reaches(['pwd', 'rba'], needed)).toBe(true)
    expect(reaches(['pwd', 'otp', 'mfa'], needed)).toBe(true)
  })

  test('a remembered browser does not stand in for what has to be shown', () => {
    expect(reaches(['pwd', 'rba'], { acr: ACR.mfa, shown: true })).toBe(false)
  })

  test('is the strongest of what its rules ask for', () => {
    const mfa = { acr: ACR.mfa, shown: true }
    const phr = { acr: ACR.phr, shown: false }
    expect(strongest(mfa, undefined, phr)).toEqual({ acr: ACR.phr, shown: true })
    expect(strongest(undefined, undefined)).toBe(undefined)
  })
})

describe('the rules', () => {
  const person = { role: 'user', secondFactorRequired: false }
  const admin = { ...person, role: 'admin' }
  test.each([
    ['off', person, 'any', undefined],
    ['off', admin, 'any', undefined],
    ['optional', admin, 'any', undefined],
    ['admins', person, 'any', undefined],
    ['admins', admin, 'any', ACR.mfa],
    ['admins', { ...person, role: 'auditor' }, 'any', ACR.mfa],
    ['everyone', person, undefined, ACR.mfa],
    ['optional', { ...person, secondFactorRequired: true }, 'any', ACR.mfa],
    ['optional', person, 'required', ACR.mfa],
    ['everyone', admin, 'phishing_resistant', ACR.phr],
  ] as const)('second_factor %s, %j, a client of %s: %s', (setting, account, client, acr) =>
    expect(requiredAcr(setting, account, client)).toBe(acr),
  )
})
