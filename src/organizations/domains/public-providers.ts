/**
 * Domains under which anyone has a mailbox. Their records in DNS are beyond every organization anyway: who enters one by mistake is told so
 * at once.
 */
export const PUBLIC_PROVIDERS: ReadonlySet<string> = new Set(
  `126.com 139.com 163.com 189.cn aliyun.com alice.it aol.com aol.de arcor.de att.net bellsouth.net bigpond.com bk.ru bluewin.ch
  bol.com.br btinternet.com comcast.net cox.net daum.net duck.com earthlink.net email.com fastmail.com fastmail.fm foxmail.com free.fr
  freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net gmx.fr googlemail.com hanmail.net hey.com hotmail.co.uk hotmail.com hotmail.de
  hotmail.es hotmail.fr hotmail.it hushmail.com icloud.com inbox.ru interia.pl kpnmail.nl laposte.net libero.it list.ru live.co.uk live.com
  live.de live.fr live.nl mac.com mail.com mail.de mail.ru mailbox.org me.com msn.com naver.com o2.pl online.de onet.pl optonline.net
  orange.fr outlook.com outlook.de outlook.es outlook.fr outlook.it pm.me posteo.de posteo.net proton.me protonmail.ch protonmail.com
  qq.com rambler.ru rediffmail.com rocketmail.com runbox.com sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com sky.com sohu.com t-online.de
  terra.com.br tiscali.it tuta.com tuta.io tutanota.com tutanota.de uol.com.br verizon.net virgilio.it virginmedia.com wanadoo.fr web.de
  wp.pl xs4all.nl xtra.co.nz ya.ru yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it
  yandex.com yandex.ru ymail.com ziggo.nl zoho.com zohomail.com`.split(/\s+/),
)
