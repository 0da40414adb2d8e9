npm install express express-session passport passport-openidconnect
