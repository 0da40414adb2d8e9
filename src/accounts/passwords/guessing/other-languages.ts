/**
 * Words that people of other languages than English put a year behind, as guessing programs have them: months, days, seasons,
 * “password”, “welcome”, “hello”, “I love you”. The lists of zxcvbn that are loaded are English, but for what is among the commonest passwords.
 * Lower case.
 */
export const OTHER_LANGUAGES: readonly string[] = `
januar februar märz april mai juni juli august september oktober november dezember jänner
montag dienstag mittwoch donnerstag freitag samstag sonntag
frühling frühjahr sommer herbst winter weihnachten urlaub
passwort kennwort geheim hallo willkommen schatz liebe ichliebedich fussball deutschland österreich schweiz
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
lundi mardi mercredi jeudi vendredi samedi dimanche
printemps été automne hiver noël vacances
motdepasse secret bonjour bienvenue soleil amour doudou jetaime chouchou france belgique suisse
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
lunes martes miércoles jueves viernes sábado domingo
primavera verano otoño invierno navidad vacaciones
contraseña clave secreto hola bienvenido bienvenidos bienvenida amor tequiero teamo españa méxico argentina
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
lunedì martedì mercoledì giovedì venerdì sabato domenica
primavera estate autunno inverno natale vacanze
parola segreto ciao benvenuto benvenuti amore tiamo italia juventus
janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
segunda terça quarta quinta sexta sábado domingo
primavera verão outono inverno natal férias
senha segredo olá bemvindo amor teamo euteamo brasil portugal flamengo benfica
januari februari maart april mei juni juli augustus september oktober november december
maandag dinsdag woensdag donderdag vrijdag zaterdag zondag
lente zomer herfst winter kerst vakantie
wachtwoord geheim hallo welkom liefde schatje ikhouvanjou nederland
styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień
poniedziałek wtorek środa czwartek piątek sobota niedziela
wiosna lato jesień zima wakacje
hasło witaj kocham kochamcie polska
mars maj juni juli augusti oktober sommar höst vinter vår semester
lösenord hej välkommen sverige hemligt
marts maj juni juli sommer efterår vinter forår adgangskode velkommen danmark norge passord
tammikuu heinäkuu kesä talvi kevät syksy salasana tervetuloa suomi
ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık
pazartesi salı çarşamba perşembe cuma cumartesi pazar
ilkbahar yaz sonbahar kış parola şifre merhaba hoşgeldin seniseviyorum türkiye
январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
весна лето осень зима пароль привет любовь россия
leto zima jaro podzim heslo ahoj jelszó szeretlek tavasz nyár ősz tél
`
  .trim()
  .split(/\s+/)
