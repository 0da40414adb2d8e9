import type { AccountFrame } from '../../accounts/pages/account/signed-in.ts'
import type { ButtonForm, Link } from '../../http/pages/pages.ts'
import { t } from '../../shared/locales/texts.ts'
import { dayOf } from '../../shared/moment.ts'

/** New recovery codes, shown once, or how many are left of those that were shown. */
export interface RecoveryCodesPage {
  /** On the page of an account. */
  account?: AccountFrame | undefined
  /** New ones. */
  codes?: string[] | undefined
  /** A text file of them, in the link itself: nothing of them is kept on the server for it. */
  download?: { href: string; name: string } | undefined
  /** “I have kept them” */
  next?: Link | undefined
  left?: number | undefined
  renew?: ButtonForm | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'factors/recovery-codes': RecoveryCodesPage
  }
}

/**
 * What the page `factors/recovery-codes` shows of new codes.
 * @param of.service the host that people know @param next where “I have kept them” leads
 */
export function newCodesPage(
  codes: readonly string[],
  of: { username: string; service: string; at: number },
  next: string,
): RecoveryCodesPage {
  const about = t('recoveryCodes.file', {
    username: of.username,
    service: of.service,
    day: dayOf(of.at),
  })
  const text = `${[about, '', ...codes].join('\r\n')}\r\n`
  return {
    codes: [...codes],
    download: {
      href: `data:text/plain;charset=utf-8,${encodeURIComponent(text)}`,
      name: `recovery-codes-${of.service.replaceAll(/[^\w.-]/g, '-')}.txt`,
    },
    next: { href: next, label: t('recoveryCodes.kept') },
  }
}
