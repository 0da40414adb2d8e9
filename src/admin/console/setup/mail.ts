import { t } from '../../../shared/locales/texts.ts'

interface MailEnvironment {
  smtpUrl: string | undefined
  mailFrom: string
}

/** What is set for mail, without the password, and a good value where nothing is. */
export function mailFacts({ smtpUrl, mailFrom }: MailEnvironment, issuer: URL) {
  const server = smtpUrl === undefined ? undefined : new URL(smtpUrl)
  const { hostname } = issuer
  const domain = hostname.includes('.') && !/^[\d.]+$|:/.test(hostname) ? hostname : 'example.com'
  return {
    server: server && {
      host: server.host,
      encryption: t(server.protocol === 'smtps:' ? 'admin.setup.mail.tls' : 'admin.setup.mail.starttls'),
      signsIn: server.username !== '',
    },
    from: mailFrom,
    example: {
      url: `SMTP_URL=smtps://user:password@mail.${domain}:465`,
      from: `MAIL_FROM=no-reply@${domain}`,
    },
  }
}
