import { join } from 'node:path'
import { Eta } from 'eta'
import { currentLocale, direction, html, plain, t } from '../shared/locales/texts.ts'
import type { Content, Sentence, WriteOf } from './content.ts'
import type { Mail, MailTemplate } from './data.ts'
import { fixed, flowed } from './flowed.ts'
import { AS_IT_SHIPS, lightOf, logoSize, type MailLook, styleOf } from './look.ts'
import * as account from './messages/account.ts'
import * as administration from './messages/administration.ts'
import * as factors from './messages/factors.ts'
import * as passwords from './messages/passwords.ts'
import * as recovery from './messages/recovery.ts'
import * as signUp from './messages/sign-up.ts'

export type { Mail, MailTemplate } from './data.ts'

const VIEWS = join(import.meta.dirname, '../../views/mail')

const MESSAGES: { readonly [Template in MailTemplate]: WriteOf<Template> } = {
  'verify-email': signUp.verifyEmail,
  'already-registered': signUp.alreadyRegistered,
  invitation: signUp.invitation,
  'organization-invitation': signUp.organizationInvitation,
  'organization-provider': signUp.organizationProvider,
  'reset-password': passwords.resetPassword,
  'reset-password-leaving': passwords.resetPasswordLeaving,
  'password-changed': passwords.passwordChanged,
  locked: passwords.locked,
  'locked-for-good': passwords.lockedForGood,
  'new-device': account.newDevice,
  impersonated: account.impersonated,
  'email-changed': account.emailChanged,
  'username-changed': account.usernameChanged,
  'deletion-requested': account.deletionRequested,
  'sign-in-linked': account.signInLinked,
  'sign-in-unlinked': account.signInUnlinked,
  'phone-verified': account.phoneVerified,
  'phone-removed': account.phoneRemoved,
  'factor-added': factors.factorAdded,
  'factor-removed': factors.factorRemoved,
  'passkey-refused': factors.passkeyRefused,
  'factor-locked': factors.factorLocked,
  'app-password-added': factors.appPasswordAdded,
  'app-password-removed': factors.appPasswordRemoved,
  'browser-remembered': factors.browserRemembered,
  'sign-in-code': factors.signInCode,
  'enrolment-code': factors.enrolmentCode,
  'recovery-codes-renewed': recovery.recoveryCodesRenewed,
  'recovery-code-used': recovery.recoveryCodeUsed,
  'recovery-started': recovery.recoveryStarted,
  'recovery-started-for-you': recovery.recoveryStartedForYou,
  'recovery-ready': recovery.recoveryReady,
  'recovery-stopped': recovery.recoveryStopped,
  'recovery-finished': recovery.recoveryFinished,
  'webhook-disabled': administration.webhookDisabled,
  test: administration.test,
}

export interface RenderedMail {
  subject: string
  /** In lines of format=flowed, DelSp=yes (RFC 3676). */
  text: string
  html: string
  /** BCP 47 */
  language: string
}

/** Text that goes into a mail stays on its line, whatever a name once was allowed to hold. */
const onOneLine = (value: unknown): unknown =>
  typeof value === 'string' ? value.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ') : value

const inPlain = ([key, values]: Sentence): string => plain(key, values)

/** What a message says, in plain text: the code first, the link last. */
function textOf(
  { heading, code, paragraphs, facts, advice = [], button, also, because }: Content,
  footer: string | undefined,
): string {
  const rows = (facts ?? []).flatMap(([label, value]) =>
    value === undefined ? [] : [fixed(plain('mail.fact', { label: t(label), value }))],
  )
  const linkOf = ({ label, link }: Content['button']) => [
    // A question ends by itself.
    ...flowed(/[?？؟]$/.test(t(label)) ? t(label) : plain('mail.follow', { label: t(label) })),
    fixed(link),
  ]
  const blocks = [
    flowed(inPlain(heading)),
    ...(code === undefined ? [] : [[fixed(`    ${code}`)]]),
    ...paragraphs.map((each) => flowed(inPlain(each))),
    ...(rows.length > 0 ? [rows] : []),
    ...advice.map((each) => flowed(inPlain(each))),
    linkOf(button),
    ...(also ? [linkOf(also)] : []),
    ['-- ', ...flowed(t(because))],
    ...(footer === undefined ? [] : [footer.split('\n').flatMap(flowed)]),
  ]
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`
}

/**
 * Writes mails: what each says is in `messages`, how that looks in views/mail/layout.html.eta and in `textOf`; both show the same.
 *
 * @param options.issuer its host is what the mails call the service, unless they wear another name @param options.look read for each message @param options.readView reads the layout; the one that ships unless given
 */
export function createMailTemplates(options: {
  issuer: string
  look?: () => MailLook
  readView?: ((path: string) => string) | undefined
}) {
  const { host, origin } = new URL(options.issuer)
  const eta = new Eta({ views: VIEWS, cache: true, autoEscape: true })
  if (options.readView) eta.readFile = options.readView
  const inHtml = ([key, values]: Sentence): string => html(key, values)

  /** In the current language. @param look what it wears; what counts, unless given */
  return function render(mail: Mail, look = options.look?.() ?? AS_IT_SHIPS): RenderedMail {
    const { name: service = host, logo, footer } = look
    const data = Object.fromEntries(
      Object.entries(mail.data).map(([name, value]) => [name, onOneLine(value)]),
    )
    // Each template has the data of its name: the type of `Mail` says so.
    const write = MESSAGES[mail.template] as unknown as (data: object, service: string) => Content
    const content = write(data, service)
    const { facts = [], advice = [], button, also } = content
    const labelled = ({ label, link }: Content['button']) => ({ label: t(label), link })
    const subject = String(onOneLine(inPlain(content.subject)))
    const [first] = content.paragraphs
    return {
      subject,
      text: textOf(content, footer),
      html: eta.render('./layout.html.eta', {
        ...{ subject, service, t, light: lightOf(look), style: styleOf(look), radius: look.radius },
        logo: logo && { ...logoSize(logo), address: `${origin}${logo.address}`, wide: logo.wide },
        footer: footer?.split('\n') ?? [],
        ...{ language: currentLocale(), direction: direction() },
        preview: first ? inPlain(first) : '',
        heading: inHtml(content.heading),
        code: content.code,
        paragraphs: content.paragraphs.map(inHtml),
        facts: facts
          .filter(([, value]) => value !== undefined)
          .map(([label, value]) => ({ label: t(label), value })),
        advice: advice.map(inHtml),
        button: labelled(button),
        also: also && labelled(also),
        because: t(content.because),
      }),
      language: currentLocale(),
    }
  }
}
