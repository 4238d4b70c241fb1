<?php
// php wordpress_setup.php SITE_FOLDER URL : installs WordPress without wp-cli or any download, moves it to URL, makes one
// user per role and prints {"version": ..., "<user>": "<application password>"} as JSON. May be run again.
[, $folder, $url] = $argv;
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = parse_url($url, PHP_URL_HOST) . ':' . parse_url($url, PHP_URL_PORT);
require $folder . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
if (!is_blog_installed()) {
    wp_install('Kaja test site', 'admin', 'admin@example.test', true, '', 'admin-pw');
}
update_option('siteurl', $url);
update_option('home', $url);
update_option('permalink_structure', '/%postname%/');
update_option('comment_moderation', 0);
update_option('comment_previously_approved', 0);
update_option('comments_notify', 0);
flush_rewrite_rules();
$answer = ['version' => get_bloginfo('version')];
$roles = ['admin' => 'administrator', 'editor' => 'editor', 'author' => 'author', 'contributor' => 'contributor',
    'reader' => 'subscriber'];
foreach ($roles as $name => $role) {
    $id = username_exists($name) ?: wp_create_user($name, "$name-pw", "$name@example.test");
    (new WP_User($id))->set_role($role);
    WP_Application_Passwords::delete_all_application_passwords($id);
    [$password] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'Kaja']);
    $answer[$name] = $password;
}
echo json_encode($answer), "\n";
