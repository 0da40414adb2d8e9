apt-get install apache2 libapache2-mod-auth-openidc
a2enmod auth_openidc
