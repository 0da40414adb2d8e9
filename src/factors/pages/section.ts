import type { ButtonForm } from '../../http/pages/pages.ts'
import { type TextArguments, type TextKey, t } from '../../shared/locales/texts.ts'
import { dayOf, minuteOf } from '../../shared/moment.ts'
import type { Factors } from '../factors.ts'

const PHONE = '/account/security/phone'
/** Fewer are told of. */
export const FEW_CODES = 4

/** What `/account/security` shows of second factors, beside passkeys. */
export interface SecondFactorsSection {
  /** Undefined: there is none. */
  app?: { detail: string; removeHref: string } | undefined
  setUp: ButtonForm
  /** Codes by SMS. Undefined: there are none, and none can be set up. */
  phone?:
    | { detail: string; off: boolean; href: string | undefined; removeHref: string }
    | { setUpHref: string }
    | undefined
  /** Undefined: there is no second factor, which they would stand in for. */
  recoveryCodes?: { left: number; few: boolean; href: string } | undefined
  /** Undefined: programs use the password. */
  appPasswords?: { detail: string; href: string } | undefined
  browsers: (ButtonForm & { device: string; detail: string })[]
  forgetAll?: ButtonForm | undefined
}

/** The account, and the generation of its sign-ins. */
interface Shown {
  id: string
  generation: number
  secondFactors: readonly unknown[]
  role: string
}

/** What is said of a factor: of one that was used, and of one that was not. @param at when it was last */
const used = (
  [was, never]: readonly [TextKey, TextKey],
  at: Date | null | undefined,
  values: TextArguments,
): string => (at ? t(was, { ...values, time: minuteOf(at) }) : t(never, values))
const APP = ['factors.app.used', 'factors.app.unused'] as const
const SMS = ['factors.sms.used', 'factors.sms.unused'] as const

/** @param describeBrowser “Firefox on Linux” of a User-Agent header */
export const createSection =
  (
    factors: Pick<Factors, 'totp' | 'phones' | 'recoveryCodes' | 'appPasswords' | 'rememberedBrowsers'>,
    describeBrowser: (userAgent: string) => string,
  ) =>
  async (account: Shown): Promise<SecondFactorsSection> => {
    const { id, secondFactors } = account
    const setUp = { action: '/account/security/app' }
    const mayAdd = factors.phones.mayAdd(account)
    const addPhone = mayAdd ? { setUpHref: PHONE } : undefined
    if (secondFactors.length === 0) return { setUp, phone: addPhone, browsers: [] }
    const [app, phone, left, passwords, browsers] = await Promise.all([
      factors.totp.find(id),
      factors.phones.find(id),
      factors.recoveryCodes.left(id),
      factors.appPasswords.list(id),
      factors.rememberedBrowsers.list(account),
    ])
    return {
      app: app && {
        detail: used(APP, app.lastUsedAt, { day: dayOf(app.confirmedAt ?? 0) }),
        removeHref: `/account/security/factors/${app.id}/remove`,
      },
      setUp,
      phone: phone
        ? {
            detail: used(SMS, phone.lastUsedAt, {
              number: phone.number,
              day: dayOf(phone.createdAt),
            }),
            off: !factors.phones.on,
            href: mayAdd ? PHONE : undefined,
            removeHref: `/account/security/factors/${phone.id}/remove`,
          }
        : addPhone,
      recoveryCodes: { left, few: left < FEW_CODES, href: '/account/security/recovery-codes' },
      appPasswords: {
        detail: passwords.length === 0 ? t('factors.appPasswords.none') : String(passwords.length),
        href: '/account/security/app-passwords',
      },
      browsers: browsers.map((browser) => ({
        device: describeBrowser(browser.userAgent),
        detail: t('factors.browser', {
          day: dayOf(browser.expiresAt),
          time: minuteOf(browser.lastUsedAt),
          address: browser.address,
        }),
        action: '/account/security/browsers/forget',
        fields: { id: browser.id },
      })),
      forgetAll: browsers.length > 1 ? { action: '/account/security/browsers/forget-all' } : undefined,
    }
  }
